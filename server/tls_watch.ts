// Revocation lists and OCSP responses are renewed by other programs, every day or every hour, and
// none of them tells us: so we look. What is near its end is said once a day.
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import { hasEnded } from '../core/x509/term.ts';
import { stateOf } from './file_state.ts';
import { listPaths, readTlsLists, tlsWarnings } from './tls_files.ts';
import type { TlsFiles } from './tls_files.ts';

export interface TlsWatchComponents {
  /** What the server runs with now. */
  readonly current: () => { readonly config: Config; readonly tls: TlsFiles };
  /** A reload is reading the same files: it is not our turn. */
  readonly isHeld: () => boolean;
  /** The lists have changed: what to run with from now on. */
  readonly apply: (tls: TlsFiles) => void;
  readonly logger: Logger;
  readonly now: () => EpochMs;
}

/** A look costs a stat(2) a file; a revoked certificate shall not live much longer than this. */
const POLL_MS: Milliseconds = 3_000;
const WARN_EVERY_MS: Milliseconds = 86_400_000;

export class TlsWatch {
  readonly #components: TlsWatchComponents;
  #seen: string;
  #warnedAt: EpochMs;
  #timer: NodeJS.Timeout | undefined;

  /** `current` has just been read. */
  constructor(components: TlsWatchComponents) {
    this.#components = components;
    this.#seen = this.#look();
    this.#warnedAt = components.now();
    this.warn();
  }

  start(): void {
    this.#timer = setInterval(() => this.poll(), POLL_MS).unref();
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Says what is odd or near its end. */
  warn(): void {
    const { current, logger, now } = this.#components;
    this.#warnedAt = now();
    for (const warning of tlsWarnings(current().tls, this.#warnedAt))
      logger.warn({ event: 'tls.due' }, warning);
  }

  /** One look. A new file that cannot be used leaves the old one in force. */
  poll(): void {
    const { isHeld, now } = this.#components;
    if (isHeld()) return;
    const seen = this.#look();
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#readAgain();
    }
    if (now() - this.#warnedAt >= WARN_EVERY_MS) this.warn();
  }

  #readAgain(): void {
    const { current, apply, logger, now } = this.#components;
    const { config, tls } = current();
    try {
      const next = readTlsLists(config, tls, now());
      if (isDeepStrictEqual(next, tls)) return;
      apply(next);
      logger.info({ event: 'tls.lists_read' }, 'revocation lists and OCSP responses read anew');
      this.warn();
    } catch (error) {
      if (!(error instanceof WolfguardError)) throw error;
      logger.error(
        { event: 'tls.list_refused', reason: error.message },
        'a new list is unusable: the one before stays',
      );
    }
  }

  /** Differs from an earlier look when a file is another, or when one in force has ended. */
  #look(): string {
    const { current, now } = this.#components;
    const { config, tls } = current();
    const ended = tls.lists.terms.filter((term) => hasEnded(term, now())).length;
    return [ended, ...listPaths(config).map(stateOf)].join('\n');
  }
}
