// Percentiles of measured times.

export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** In the unit of the samples, rounded to three decimals; zeros when there are none. */
export function distribution(samples: Iterable<number>): Distribution {
  const sorted = Float64Array.from(samples).sort();
  // The smallest value that at least that share of all does not exceed.
  const at = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return Math.round(value * 1000) / 1000;
  };
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
