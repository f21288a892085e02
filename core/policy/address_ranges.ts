// All addresses of a family, cut where the networks of a list begin and end.
import { bitsOf } from '../net/address.ts';
import type { Cidr, Family } from '../net/address.ts';
import { compareCidr, sizeOf } from '../net/aggregate.ts';

export interface MarkedNetwork {
  readonly network: Cidr;
  readonly mark: number;
}

export interface Range {
  /** It goes on to the next one's first address. */
  readonly first: bigint;
  /** Of the networks that hold it, the widest first. */
  readonly marks: readonly number[];
}

/** From address 0 on, without a gap; networks of the other family are left out. */
export function cutIntoRanges(family: Family, networks: readonly MarkedNetwork[]): Range[] {
  const ranges: Range[] = [{ first: 0n, marks: [] }];
  // Networks lie in one another or apart: those that are open are a stack.
  const open: { readonly end: bigint; readonly mark: number }[] = [];
  const cut = (first: bigint): void => {
    const marks = open.map(({ mark }) => mark);
    if (ranges.at(-1)?.first === first) ranges.pop();
    ranges.push({ first, marks });
  };
  const closeUntil = (limit: bigint): void => {
    for (let last = open.at(-1); last !== undefined && last.end <= limit; last = open.at(-1)) {
      open.pop();
      if (last.end < 1n << BigInt(bitsOf(family))) cut(last.end);
    }
  };
  for (const { network, mark } of sorted(family, networks)) {
    const first = network.address.value;
    closeUntil(first);
    open.push({ end: first + sizeOf(network), mark });
    cut(first);
  }
  closeUntil(1n << BigInt(bitsOf(family)));
  return ranges;
}

const sorted = (family: Family, networks: readonly MarkedNetwork[]): MarkedNetwork[] =>
  networks
    .filter(({ network }) => network.address.family === family)
    .sort((a, b) => compareCidr(a.network, b.network));
