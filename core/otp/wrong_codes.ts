// How often a token's code may be wrong. A code is one of a million, of which three are good at a
// time: ten guesses an hour, by somebody who has the password, find one in about four years (of a
// token that counts, with its look-ahead, in half a year). The log warns every hour meanwhile.
import type { EpochMs, Milliseconds } from '../units.ts';

export interface WrongCodeLimits {
  /** Wrong codes that lock. */
  readonly limit: number;
  /** Within this time; and as long it stays locked. */
  readonly windowMs: Milliseconds;
}

/** Per token; remembers those that have had a wrong code within the window. */
export class WrongCodes {
  readonly #limits: WrongCodeLimits;
  /** When each token's codes were wrong, oldest first; the token that was wrong last is last. */
  readonly #wrong = new Map<string, EpochMs[]>();

  constructor(limits: WrongCodeLimits) {
    this.#limits = limits;
  }

  /** Whether no code of this token counts now; wrong ones are not to be recorded meanwhile. */
  isLocked(token: string, now: EpochMs): boolean {
    const times = this.#wrong.get(token) ?? [];
    const last = times.at(-1) ?? -Infinity;
    return times.length >= this.#limits.limit && now - last < this.#limits.windowMs;
  }

  /** Counts a wrong code; true if it is the one that locks. */
  record(token: string, now: EpochMs): boolean {
    const { limit, windowMs } = this.#limits;
    this.#forget(now - windowMs);
    const recent = (this.#wrong.get(token) ?? []).filter((time) => time > now - windowMs);
    this.#wrong.delete(token);
    this.#wrong.set(token, [...recent, now].slice(-limit));
    return recent.length + 1 === limit;
  }

  /** Those that had no wrong code since. */
  #forget(since: EpochMs): void {
    for (const [token, times] of this.#wrong) {
      if ((times.at(-1) ?? 0) > since) return;
      this.#wrong.delete(token);
    }
  }
}
