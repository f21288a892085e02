// The fewest networks that hold exactly the addresses of a list.
import { bitsOf } from './address.ts';
import type { Cidr } from './address.ts';

/** The smallest list of networks with the same addresses, in order: IPv4 first. */
export function aggregate(networks: readonly Cidr[]): readonly Cidr[] {
  const kept: Cidr[] = [];
  for (const network of [...networks].sort(compareCidr)) {
    const last = kept.at(-1);
    if (last !== undefined && covers(last, network)) continue;
    kept.push(network);
    joinHalves(kept);
  }
  return kept;
}

/** By family, then by address; of two at one address the wider first. */
export function compareCidr(a: Cidr, b: Cidr): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  if (a.address.value !== b.address.value) return a.address.value < b.address.value ? -1 : 1;
  return a.prefix - b.prefix;
}

/** Whether all addresses of `inner` are in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  if (outer.address.family !== inner.address.family || outer.prefix > inner.prefix) return false;
  const shift = BigInt(bitsOf(outer.address.family) - outer.prefix);
  return outer.address.value >> shift === inner.address.value >> shift;
}

/** How many addresses a network has. */
export const sizeOf = ({ address, prefix }: Cidr): bigint =>
  1n << BigInt(bitsOf(address.family) - prefix);

/** Two halves of one network at the end of the list become that network, as often as it goes. */
function joinHalves(kept: Cidr[]): void {
  for (;;) {
    const [low, high] = kept.slice(-2);
    if (low === undefined || high === undefined || !areHalves(low, high)) return;
    kept.splice(-2, 2, { address: low.address, prefix: low.prefix - 1 });
  }
}

function areHalves(low: Cidr, high: Cidr): boolean {
  if (low.prefix !== high.prefix || low.prefix === 0) return false;
  if (low.address.family !== high.address.family) return false;
  const size = sizeOf(low);
  return (low.address.value & size) === 0n && low.address.value + size === high.address.value;
}
