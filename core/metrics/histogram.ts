// Counts observations by upper bound.
import type { Buckets } from './family.ts';

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** `bounds`: rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = [...bounds, Infinity].map(() => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const index = found === -1 ? this.#bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  read(): Buckets {
    return cumulate(this.#bounds, this.#counts, this.#sum);
  }
}

/** From counts of one bucket each, the last one for what is above all bounds. */
export function cumulate(
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
): Buckets {
  let count = 0;
  const buckets = bounds.map((upTo, index) => ({ upTo, count: (count += counts[index] ?? 0) }));
  return { buckets, count: count + (counts[bounds.length] ?? 0), sum };
}
