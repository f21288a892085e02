// Medians and how far measurements lie apart.

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** How many measurements it sums up. */
  readonly samples: number;
}

/** Undefined when nothing was measured. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) return undefined;
  return { median: medianOf(sorted), least, most, samples: sorted.length };
}

/** From the least to the most, as a share of the median. */
export const relativeSpread = ({ median, least, most }: Spread): number =>
  median === 0 ? 0 : (most - least) / Math.abs(median);

/** The value that at least that share of all does not exceed; 0 when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function medianOf(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const [below = 0, above = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? above : (below + above) / 2;
}
