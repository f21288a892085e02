// Several load clients at once, for more sessions than one process may have descriptors for.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../test/scenario/harness/lab.ts';
import type { Totals } from './client.ts';
import { LoadRun, type Ready } from './scene.ts';

export interface FleetOptions {
  readonly sessions: number;
  readonly clients: number;
  /** Dealt out evenly: each client binds to its own. */
  readonly sources: readonly string[];
  /** Logins under way at a time, of all clients together. */
  readonly parallel: number;
  /** Sessions that are probed, once a second each, of all clients together. */
  readonly probeSessions: number;
  /** The inside address that answers. */
  readonly target: string;
}

/** How the sessions of one client, or of all, stand. */
export interface FleetState {
  readonly up: number;
  readonly totals: Totals;
  /** Microseconds, since the last time. */
  readonly roundTripsUs: readonly number[];
}

/** What load.ts sums up at its end. */
interface Report {
  readonly logins: { readonly connected: number };
  readonly failures: Readonly<Record<string, number>>;
}

/** A state that is asked for comes at once; the machine may be busy. */
const STATE_TIMEOUT_MS = 60_000;
/** Longer than any run: it is ended by end(). */
const UNTIL_TOLD_SECONDS = 86_400;

export class Fleet {
  readonly #runs: readonly LoadRun[];

  /** Begins to connect. Every other client asks for no signs of life: there the server has to. */
  constructor(lab: Lab, options: FleetOptions) {
    const share = (whole: number, n: number): number =>
      Math.floor(((n + 1) * whole) / options.clients) - Math.floor((n * whole) / options.clients);
    this.#runs = Array.from({ length: options.clients }, (_, n) => {
      const probed = share(options.probeSessions, n);
      return new LoadRun(lab, [
        ...['hold', '--sessions', `${share(options.sessions, n)}`, '--dpd', n % 2 ? 'off' : 'on'],
        ...['--parallel', `${Math.max(1, share(options.parallel, n))}`],
        ...['--sources', options.sources.filter((__, i) => i % options.clients === n).join(',')],
        ...['--seconds', `${UNTIL_TOLD_SECONDS}`, '--target', options.target],
        ...(probed === 0 ? [] : ['--probe-sessions', `${probed}`, '--probe-rate', `${probed}`]),
      ]);
    });
  }

  get pids(): readonly number[] {
    return this.#runs.map(({ program }) => program.pid);
  }

  /** Sums of what each client has last said about itself. */
  progress(): { readonly up: number; readonly dtls: number; readonly failed: number } {
    const sum = { up: 0, dtls: 0, failed: 0 };
    for (const { program } of this.#runs) {
      const line = program.output.slice(-300);
      const last = [
        ...line.matchAll(/load: (\d+) up, (\d+) by DTLS, \d+ under way, (\d+) failed/g),
      ];
      const [, up = 0, dtls = 0, failed = 0] = last.at(-1) ?? [];
      sum.up += Number(up);
      sum.dtls += Number(dtls);
      sum.failed += Number(failed);
    }
    return sum;
  }

  /** Resolves with the number of sessions when every client has tried all of its own. */
  async ready(timeoutMs: number): Promise<number> {
    const all = await Promise.all(this.#runs.map((run): Promise<Ready> => run.ready(timeoutMs)));
    return all.reduce((sum, { connected }) => sum + connected, 0);
  }

  /** One client after the other: all at once would be a load of its own. */
  async state(): Promise<FleetState> {
    const states: FleetState[] = [];
    for (const { program } of this.#runs) {
      const from = program.output.length;
      program.signal('SIGUSR2');
      const [line] = await program.waitFor(/^\{"event":"state".*\}$/m, STATE_TIMEOUT_MS, from);
      states.push(JSON.parse(line) as FleetState);
    }
    return states.reduce(addStates);
  }

  /** Logs everybody out; resolves with why sessions failed, by reason, during the whole run. */
  async end(timeoutMs: number): Promise<Readonly<Record<string, number>>> {
    for (const { program } of this.#runs) program.signal('SIGTERM');
    const reports = await Promise.all(this.#runs.map((run) => run.report<Report>(timeoutMs)));
    const failures: Record<string, number> = {};
    for (const [reason, count] of reports.flatMap((report) => Object.entries(report.failures))) {
      failures[reason] = (failures[reason] ?? 0) + count;
    }
    return failures;
  }

  /** Calls `tell` every few seconds until `work` is over. */
  async whileTelling<T>(work: Promise<T>, tell: (text: string) => void): Promise<T> {
    const stop = new AbortController();
    const telling = (async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const { up, dtls, failed } = this.progress();
        tell(`${up} up, ${dtls} by DTLS, ${failed} failed`);
        await sleep(5000, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    })();
    try {
      return await work;
    } finally {
      stop.abort();
      await telling;
    }
  }
}

function addStates(a: FleetState, b: FleetState): FleetState {
  const names = Object.keys(a.totals) as (keyof Totals)[];
  return {
    up: a.up + b.up,
    totals: Object.fromEntries(
      names.map((name) => [name, a.totals[name] + b.totals[name]]),
    ) as unknown as Totals,
    roundTripsUs: [...a.roundTripsUs, ...b.roundTripsUs],
  };
}
