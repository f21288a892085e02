// Why cookies that were good a moment ago are not any more: a client that was away when its session
// ended hears the reason instead of "unknown cookie".
import type { Closed } from '../core/policy/closing.ts';
import type { EpochMs } from '../core/units.ts';

/** Those of a morning; a client beyond them hears less. */
const MOST = 1000;

interface Obituary {
  readonly closed: Closed;
  readonly until: EpochMs;
}

export class Obituaries {
  /** By the hash of the cookie, the oldest first. */
  readonly #entries = new Map<string, Obituary>();

  /** `until`: when the cookie would have been worth nothing anyway. */
  add(cookieHash: string, closed: Closed, until: EpochMs): void {
    this.#entries.set(cookieHash, { closed, until });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest);
  }

  get(cookieHash: string, now: EpochMs): Closed | undefined {
    const entry = this.#entries.get(cookieHash);
    return entry !== undefined && entry.until > now ? entry.closed : undefined;
  }
}
