// Makes refusals take equally long. A directory that hashes slowly answers at once for a name that
// it does not know, or whose account is locked; with the right password, it always computes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../../core/units.ts';

// Some seconds of a busy morning. Only good logins count: a stranger cannot wash them out.
const SAMPLES = 16;
// A directory that was slow once should not make every mistyped password slow.
const LONGEST_MS = 1_000;

export class RefusalClock {
  readonly #longestMs: Milliseconds;
  /** How long the latest binds with a right password took. */
  #samples: Milliseconds[] = [];

  constructor({ longestMs = LONGEST_MS }: { readonly longestMs?: Milliseconds } = {}) {
    this.#longestMs = longestMs;
  }

  accepted(tookMs: Milliseconds): void {
    this.#samples = [...this.#samples, tookMs].slice(-SAMPLES);
  }

  /** How long to wait after a refusal that took so long itself. */
  missing(tookMs: Milliseconds): Milliseconds {
    const target = Math.min(this.#longestMs, Math.max(0, ...this.#samples));
    return Math.max(0, target - tookMs);
  }

  /** Waits that long; rejects when `signal` aborts. */
  async settle(tookMs: Milliseconds, signal: AbortSignal): Promise<void> {
    const ms = this.missing(tookMs);
    if (ms > 0) await sleep(ms, undefined, { signal });
  }
}
