// A drain: new logins are refused, sessions stay and may come back with their cookies, and the
// server stops when the last of them is gone, or when the time is over.
//
//   wolfctl drain, SIGTERM ─► draining ── nobody left, or time over, or SIGTERM again ──► stop
//                                └── wolfctl drain --off ──► as before
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import type { Readiness } from './readiness.ts';
import { SAME_KEYPRESS_MS } from './stop_request.ts';

export interface DrainComponents {
  readonly readiness: Readiness;
  /** Those with a tunnel, and those whose client may still come back. */
  readonly sessions: () => number;
  /** Begins to stop the server. */
  readonly stop: () => void;
  readonly logger: Pick<Logger, 'info'>;
  readonly now: () => EpochMs;
}

/** Nobody waits for the end of a drain to the second. */
const POLL_MS: Milliseconds = 500;

export class Drain {
  readonly #components: DrainComponents;
  #timer: NodeJS.Timeout | undefined;
  #signalledAt: EpochMs | undefined;

  constructor(components: DrainComponents) {
    this.#components = components;
  }

  /** Begins a drain, or moves the end of the one that is under way; null = it has no end. */
  begin(limitMs: Milliseconds | null): void {
    const { readiness, sessions, logger, now } = this.#components;
    const until = limitMs === null ? null : now() + limitMs;
    readiness.setDraining(until);
    logger.info(
      { event: 'drain.began', sessions: sessions(), limitMs },
      'draining: new logins are refused',
    );
    this.#timer ??= setInterval(() => this.poll(), POLL_MS).unref();
    // After the answer to who has asked for it: stopping begins with closing his socket.
    setImmediate(() => this.poll());
  }

  /** Back to normal; false when there was no drain. */
  cancel(): boolean {
    const { readiness, logger } = this.#components;
    if (readiness.state !== 'draining') return false;
    this.close();
    readiness.setReady();
    logger.info({ event: 'drain.ended' }, 'the drain is called off: new logins are taken');
    return true;
  }

  /**
   * SIGTERM, with limits.drain as it is now: whether it begins a drain or is to stop the server. It
   * shortens a drain that somebody else has begun, and the second one does not wait any longer.
   */
  terminate(limitMs: Milliseconds): 'drain' | 'stop' {
    const { readiness, now } = this.#components;
    if (limitMs === 0) return 'stop';
    if (this.#signalledAt !== undefined)
      return now() - this.#signalledAt > SAME_KEYPRESS_MS ? 'stop' : 'drain';
    this.#signalledAt = now();
    const leftMs = (readiness.drainsUntil ?? Infinity) - now();
    this.begin(Math.min(limitMs, leftMs));
    return 'drain';
  }

  /** One look whether it is over. */
  poll(): void {
    const { readiness, sessions, stop, logger, now } = this.#components;
    if (readiness.state !== 'draining') return;
    const left = sessions();
    if (left > 0 && now() < (readiness.drainsUntil ?? Infinity)) return;
    this.close();
    logger.info({ event: 'drain.over', sessions: left }, 'the drain is over: the server stops');
    stop();
  }

  /** Looks no more. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#signalledAt = undefined;
  }
}
