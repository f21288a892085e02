import type { EpochMs, Milliseconds } from '../core/units.ts';

/** A process that lived this long did not die of how it was started. */
const STEADY_AFTER_MS: Milliseconds = 5_000;
const FIRST_DELAY_MS: Milliseconds = 100;
/** Often enough to be back soon after the cause is gone, seldom enough to cost nothing. */
const LONGEST_DELAY_MS: Milliseconds = 5_000;

/**
 * How long to wait before a process that died is started again: not at all, unless it keeps dying
 * young; then 0.1 s, doubling up to 5 s.
 */
export class Backoff {
  private youngDeaths = 0;

  /** `startedAt` is the start of the process that died; `wasReady`: it said so. */
  delayAfterDeath(startedAt: EpochMs, wasReady: boolean, now: EpochMs): Milliseconds {
    if (wasReady && now - startedAt >= STEADY_AFTER_MS) this.youngDeaths = 0;
    else this.youngDeaths++;
    if (this.youngDeaths < 2) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** (this.youngDeaths - 2), LONGEST_DELAY_MS);
  }
}
