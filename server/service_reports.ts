// When the service manager hears what: ready, how many sessions, a reload, the end, and as long as
// the server is well, that it is.
import type { Milliseconds } from '../core/units.ts';
import type { ServiceManager } from './notifier.ts';

/** How the server is now. */
export interface ServiceFacts {
  readonly sessions: number;
  /** New logins are refused; those sessions are still there. */
  readonly draining: boolean;
  /** Every child answers, or its successor will. */
  readonly healthy: boolean;
}

/** A person reads it; the manager is woken for it. */
const STATUS_INTERVAL_MS: Milliseconds = 5_000;

export class ServiceReports {
  private readonly manager: ServiceManager;
  private readonly timers: NodeJS.Timeout[] = [];
  private facts: (() => ServiceFacts) | undefined;
  private lastStatus = '';

  constructor(manager: ServiceManager) {
    this.manager = manager;
  }

  /** Clients can connect. From now on `facts` is asked again and again, until `close`. */
  ready(facts: () => ServiceFacts): void {
    const { notifier, watchdogMs } = this.manager;
    this.facts = facts;
    notifier.ready(process.pid);
    this.reportStatus();
    this.every(STATUS_INTERVAL_MS, () => this.reportStatus());
    if (watchdogMs === undefined) return;
    this.feedWatchdog();
    this.every(watchdogMs / 2, () => this.feedWatchdog());
  }

  /** Runs a reload; before the first `ready` nobody is told of it. */
  async reload<T>(work: () => Promise<T>): Promise<T> {
    if (this.facts === undefined) return work();
    const { notifier } = this.manager;
    notifier.reloading(process.hrtime.bigint() / 1000n);
    try {
      return await work();
    } finally {
      notifier.ready(process.pid);
    }
  }

  /** The server begins to stop and will have done so after `longestMs`. */
  stopping(longestMs: Milliseconds): void {
    this.manager.notifier.stopping(longestMs);
  }

  close(): void {
    this.timers.forEach(clearInterval);
  }

  private every(intervalMs: Milliseconds, work: () => void): void {
    this.timers.push(setInterval(work, intervalMs).unref());
  }

  private reportStatus(): void {
    if (this.facts === undefined) return;
    const { sessions, draining } = this.facts();
    const status = `${draining ? 'draining' : 'serving'} ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
    if (status === this.lastStatus) return;
    this.lastStatus = status;
    this.manager.notifier.status(status);
  }

  private feedWatchdog(): void {
    if (this.facts?.().healthy === true) this.manager.notifier.feedWatchdog();
  }
}
