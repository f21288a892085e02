// Lists of networks are renewed by other programs, and none of them tells us: so we look, as for
// revocation lists. What is new counts for sessions that begin from then on.
import { routeFilePaths } from '../config/route_file_paths.ts';
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import type { Logger } from '../core/log/logger.ts';
import type { Milliseconds } from '../core/units.ts';
import { stateOf } from './file_state.ts';
import { loadRouteFiles } from './policy_lists.ts';
import type { RouteFiles } from './route_files.ts';

export interface RouteWatchComponents {
  /** What the server runs with now. */
  readonly current: () => { readonly config: Config; readonly routeFiles: RouteFiles };
  /** A reload is reading the same files: it is not our turn. */
  readonly isHeld: () => boolean;
  /** The files have changed: what to run with from now on. */
  readonly apply: (routeFiles: RouteFiles) => void;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

/** A look costs a stat(2) a file. */
const POLL_MS: Milliseconds = 3_000;

export class RouteWatch {
  readonly #components: RouteWatchComponents;
  #seen: string;
  readonly #timer: NodeJS.Timeout;

  /** `current` has just been read; looks from then on. */
  constructor(components: RouteWatchComponents) {
    this.#components = components;
    this.#seen = this.#look();
    this.#timer = setInterval(() => this.poll(), POLL_MS).unref();
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** One look. A new file that cannot be used leaves the old one in force. */
  poll(): void {
    if (this.#components.isHeld()) return;
    const seen = this.#look();
    if (seen === this.#seen) return;
    this.#seen = seen;
    const { current, apply, logger } = this.#components;
    const { config, routeFiles } = current();
    try {
      const next = loadRouteFiles(config);
      if (next.equals(routeFiles)) return;
      apply(next);
      logger.info({ event: 'routes.read' }, 'files of routes read anew');
    } catch (error) {
      if (!(error instanceof WolfguardError)) throw error;
      logger.error(
        { event: 'routes.refused', reason: error.message },
        'a new file of routes is unusable: the one before stays',
      );
    }
  }

  #look(): string {
    return routeFilePaths(this.#components.current().config).map(stateOf).join('\n');
  }
}
