// Lists of networks made shorter, for those who cannot take long ones.
import { bitsOf, networkOf } from './address.ts';
import type { Cidr } from './address.ts';
import { aggregate, compareCidr } from './aggregate.ts';

/**
 * At most so many networks that hold all addresses of the list, and others: those beside one another
 * in the narrowest network are joined first. Never all of a family in one, which would mean more than
 * a route: so two of each family may be left.
 */
export function widen(networks: readonly Cidr[], most: number): readonly Cidr[] {
  const list = aggregate(networks);
  if (list.length <= most) return list;
  const joints = list
    .flatMap((low, index) => {
      const high = list[index + 1];
      const prefix = high === undefined ? 0 : commonPrefix(low, high);
      return prefix === 0 ? [] : [{ index, prefix, weight: weightOf(low, prefix) }];
    })
    .sort((a, b) => b.weight - a.weight)
    .slice(0, list.length - most);
  const joined = new Map(joints.map(({ index, prefix }) => [index, prefix]));
  const wider: Cidr[] = [];
  for (let index = 0; index < list.length; index++) {
    const first = list[index];
    if (first === undefined) break;
    let { prefix } = first;
    for (let joint = joined.get(index); joint !== undefined; joint = joined.get(++index))
      prefix = Math.min(prefix, joint);
    wider.push(networkOf(first.address, prefix));
  }
  return aggregate(wider).flatMap((network) =>
    network.prefix === 0 ? halvesOf(network) : network,
  );
}

/** Of a whole family. */
const halvesOf = ({ address: { family } }: Cidr): Cidr[] => [
  { address: { family, value: 0n }, prefix: 1 },
  { address: { family, value: 1n << BigInt(bitsOf(family) - 1) }, prefix: 1 },
];

/** The largest of the list, at most so many. */
export function keepLargest(networks: readonly Cidr[], most: number): readonly Cidr[] {
  const list = aggregate(networks);
  if (list.length <= most) return list;
  return [...list]
    .sort((a, b) => weightOf(a, a.prefix) - weightOf(b, b.prefix))
    .slice(0, most)
    .sort(compareCidr);
}

/** 0 for networks of two families. */
function commonPrefix(a: Cidr, b: Cidr): number {
  if (a.address.family !== b.address.family) return 0;
  const different = a.address.value ^ b.address.value;
  const same = bitsOf(a.address.family) - (different === 0n ? 0 : different.toString(2).length);
  return Math.min(same, a.prefix, b.prefix);
}

/** Prefixes of both families on one scale: a /48 of IPv6 is a site, as a /24 of IPv4 is. */
const weightOf = ({ address }: Cidr, prefix: number): number =>
  address.family === 4 ? prefix : prefix / 2;
