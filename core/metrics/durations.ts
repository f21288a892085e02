// Durations that a child counts for itself: by upper bound, and their sum; `took.WHAT.up_to.MS`,
// `took.WHAT.longer`, `took.WHAT.ms` among its sums.
import type { Numbers } from '../ipc/measures.ts';
import type { Milliseconds } from '../units.ts';
import type { Buckets } from './family.ts';
import { cumulate } from './histogram.ts';

/** Those of engine_totals.h: from a round trip in a good network to the time that a login has. */
export const DURATION_BOUNDS_MS: readonly Milliseconds[] = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
];

/** Its names among the sums of a child. */
export const durationNames = (what: string): readonly string[] => [
  ...DURATION_BOUNDS_MS.map((bound) => `took.${what}.up_to.${bound}`),
  `took.${what}.longer`,
  `took.${what}.ms`,
];

/** Seconds, from a child's sums by name. */
export function readDurations(what: string, get: (name: string) => number): Buckets {
  const values = durationNames(what).map(get);
  return cumulate(
    DURATION_BOUNDS_MS.map((bound) => bound / 1000),
    values.slice(0, -1),
    (values.at(-1) ?? 0) / 1000,
  );
}

/** Counts them. */
export class Durations {
  readonly #what: string;
  readonly #sums: Record<string, number>;

  constructor(what: string) {
    this.#what = what;
    this.#sums = Object.fromEntries(durationNames(what).map((name) => [name, 0]));
  }

  add(took: Milliseconds): void {
    const bound = DURATION_BOUNDS_MS.find((each) => took <= each);
    this.#bump(bound === undefined ? 'longer' : `up_to.${bound}`, 1);
    this.#bump('ms', took);
  }

  get sums(): Numbers {
    return this.#sums;
  }

  #bump(name: string, by: number): void {
    const key = `took.${this.#what}.${name}`;
    this.#sums[key] = (this.#sums[key] ?? 0) + by;
  }
}
