// When scripts and plugins hear of a session:
//
//   CONNECT ─► plugins' connect ─► script's connect ─► open ── host name ─► host-update
//                   └─ refused ────────┘                │
//                                          end, or the server stops ─► disconnect
//
// Once per session, not per tunnel: who comes back with a cookie is let in as before. A session that
// is open is owed a disconnect, on disk, until that has been run. What one session hears keeps its
// order; sessions do not wait for each other.
import type { SessionInfo } from '../../core/plugin/plugin.ts';
import type { Session, SessionEnd } from '../../core/session/session.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { CheckResult, OpenCheck } from '../gate.ts';
import type { SessionObserver } from '../session_observer.ts';
import type { HookStore, OpenRecord, SessionEnding } from './hook_store.ts';
import type { Plugins } from './plugins.ts';
import type { HookLog, Scripts } from './scripts.ts';

export interface HooksComponents {
  readonly store: Pick<HookStore, 'load' | 'add' | 'save' | 'delete' | 'close'>;
  readonly scripts: Pick<Scripts, 'connect' | 'tell' | 'stopConnects' | 'stopAll'>;
  readonly plugins: Pick<Plugins, 'connect' | 'tell'>;
  /** Whether sessions that come now concern any hook. */
  readonly isConfigured: () => boolean;
  readonly describe: (session: Session) => SessionInfo;
  readonly now: () => EpochMs;
  readonly log: HookLog;
}

interface OpenSession extends Pick<OpenRecord, 'connectedAt' | 'rxBytes' | 'txBytes'> {
  readonly row: number;
  /** As last heard; null = it is not known in this run yet. */
  session: Session | null;
  hostname: string;
}

interface Ending {
  readonly session: Session;
  readonly end: SessionEnd;
}

/** Bytes of a session or of a tunnel. */
interface Traffic {
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** For a worker to close a tunnel and say what it has moved. */
const LAST_COUNTERS_MS: Milliseconds = 5000;
/** Killed programs are gone by then. */
const KILL_MS: Milliseconds = 1000;

export class Hooks implements OpenCheck, SessionObserver {
  readonly #components: HooksComponents;
  readonly #open = new Map<number, OpenSession>();
  /** By row, until all that can be restored is: what the earlier run knew of its sessions. */
  readonly #earlier = new Map<number, SessionInfo>();
  /** By session, while its connect runs; null = it is not over. */
  readonly #connecting = new Map<number, { ending: Ending | null }>();
  /** Over, and their tunnels are not. */
  readonly #ending = new Map<number, Ending & { readonly timer: NodeJS.Timeout }>();
  /** By session: the last of what it is to hear. */
  readonly #tails = new Map<number, Promise<void>>();
  readonly #started = Promise.withResolvers<undefined>();
  #stopping = false;
  #stopped: Promise<void> | undefined;

  /** Owes what the earlier run owed. */
  constructor(components: HooksComponents) {
    this.#components = components;
    for (const { id, record } of components.store.load()) this.#takeOver(id, record);
  }

  /** Sessions whose first tunnel waits for hooks. */
  get checking(): number {
    return this.#connecting.size;
  }

  /**
   * What is owed can be run from now on: sessions of the earlier run are restored. What those that
   * are lost have moved is not known.
   */
  start(): void {
    const now = this.#components.now();
    for (const [number, open] of this.#open) {
      const info = this.#earlier.get(open.row);
      if (open.session !== null || info === undefined) continue;
      this.#open.delete(number);
      const durationMs = Math.max(0, now - open.connectedAt);
      const statistics = { bytesIn: 0, bytesOut: 0, durationMs };
      this.#owe(number, open.row, info, { end: 'lost', statistics });
    }
    this.#earlier.clear();
    this.#started.resolve(undefined);
  }

  /** Runs what is owed, the disconnects of all sessions too, for that long at the most. Idempotent. */
  stop(graceMs: Milliseconds): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  /** Shortens a stop. */
  hurry(): void {
    this.#components.scripts.stopAll();
  }

  async #stop(graceMs: Milliseconds): Promise<void> {
    const { scripts, store } = this.#components;
    this.#stopping = true;
    scripts.stopConnects();
    for (const [number, ending] of this.#ending)
      this.#finish(number, ending, ending.session.totals);
    for (const [number, open] of this.#open) {
      if (open.session !== null) this.#close(number, open, open.session, 'shutdown');
    }
    const done = Promise.all(this.#tails.values());
    await atMost(graceMs, done);
    scripts.stopAll();
    await atMost(KILL_MS, done);
    store.close();
  }

  // ─── a CONNECT ──────────────────────────────────────────────────────────────────────────────

  concerns({ session }: Session): boolean {
    return !this.#open.has(session) && this.#components.isConfigured();
  }

  async run(session: Session): Promise<CheckResult> {
    const number = session.session;
    const connecting: { ending: Ending | null } = { ending: null };
    this.#connecting.set(number, connecting);
    // A disconnect of the run before may still be owed.
    await this.#tails.get(number);
    const info = this.#components.describe(session);
    const result = await this.#connect(info);
    this.#connecting.delete(number);
    if (result.kind === 'refused') return result;
    const open = this.#enter(session, info);
    if (connecting.ending === null) this.#hostSaid(open, session);
    else this.#close(number, open, connecting.ending.session, connecting.ending.end);
    return result;
  }

  /** The script comes last: nobody can say no behind its back. */
  async #connect(info: SessionInfo): Promise<CheckResult> {
    const { plugins, scripts } = this.#components;
    if (this.#stopping) return { kind: 'refused', reason: 'The server is stopping' };
    const allowed = await plugins.connect(info);
    if (allowed.kind === 'refused') return allowed;
    const result = await scripts.connect(info);
    if (result.kind === 'refused') {
      const statistics = { bytesIn: 0, bytesOut: 0, durationMs: 0 };
      void plugins.tell({ kind: 'disconnect', session: info, statistics, end: 'refused' });
    }
    return result;
  }

  #enter(session: Session, info: SessionInfo): OpenSession {
    const { store, now } = this.#components;
    const { rxBytes, txBytes } = session.totals;
    const since = { connectedAt: now(), rxBytes, txBytes };
    const row = store.add({ info, ...since, end: null });
    const open: OpenSession = { ...since, row, session, hostname: '' };
    this.#open.set(session.session, open);
    return open;
  }

  // ─── what becomes of sessions ───────────────────────────────────────────────────────────────

  saved(session: Session): void {
    const open = this.#open.get(session.session);
    if (open === undefined) return;
    open.session = session;
    if (session.state.kind === 'connected') this.#hostSaid(open, session);
  }

  ended(session: Session, end: SessionEnd): void {
    const number = session.session;
    const connecting = this.#connecting.get(number);
    if (connecting !== undefined) connecting.ending = { session, end };
    const open = this.#open.get(number);
    if (open === undefined) return;
    if (session.state.kind === 'waiting') {
      this.#close(number, open, session, end);
      return;
    }
    const timer = setTimeout(() => {
      this.#finish(number, { session, end, timer }, session.totals);
    }, LAST_COUNTERS_MS).unref();
    this.#ending.set(number, { session, end, timer });
  }

  tunnelClosed(
    worker: number,
    message: { readonly session: number; readonly tunnel: number; readonly counters: Traffic },
  ): void {
    const ending = this.#ending.get(message.session);
    const state = ending?.session.state;
    if (ending === undefined || state?.kind !== 'connected') return;
    if (state.worker !== worker || state.tunnel !== message.tunnel) return;
    const { totals } = ending.session;
    this.#finish(message.session, ending, {
      rxBytes: totals.rxBytes + message.counters.rxBytes,
      txBytes: totals.txBytes + message.counters.txBytes,
    });
  }

  #finish(
    number: number,
    { session, end, timer }: Ending & { readonly timer: NodeJS.Timeout },
    traffic: Traffic,
  ): void {
    clearTimeout(timer);
    this.#ending.delete(number);
    const open = this.#open.get(number);
    if (open !== undefined) this.#close(number, open, session, end, traffic);
  }

  // ─── host-update and disconnect ─────────────────────────────────────────────────────────────

  #hostSaid(open: OpenSession, session: Session): void {
    const { hostname } = session.client;
    if (hostname === '' || hostname === open.hostname) return;
    open.hostname = hostname;
    const info = this.#components.describe(session);
    this.#enqueue(session.session, async () => {
      const { plugins, scripts } = this.#components;
      await plugins.tell({ kind: 'host-update', session: info });
      await scripts.tell(info, { reason: 'host-update' });
    });
  }

  #close(
    number: number,
    open: OpenSession,
    session: Session,
    end: string,
    traffic: Traffic = session.totals,
  ): void {
    const { store, describe, now } = this.#components;
    this.#open.delete(number);
    const statistics = {
      bytesIn: traffic.rxBytes - open.rxBytes,
      bytesOut: traffic.txBytes - open.txBytes,
      durationMs: Math.max(0, now() - open.connectedAt),
    };
    const { connectedAt, rxBytes, txBytes } = open;
    const info = describe(session);
    store.save(open.row, { info, connectedAt, rxBytes, txBytes, end: { end, statistics } });
    this.#owe(number, open.row, info, { end, statistics });
  }

  #owe(
    number: number,
    row: number,
    session: SessionInfo,
    { end, statistics }: SessionEnding,
  ): void {
    this.#enqueue(number, async () => {
      const { plugins, scripts, store } = this.#components;
      await plugins.tell({ kind: 'disconnect', session, statistics, end });
      const done = await scripts.tell(session, { reason: 'disconnect', statistics });
      if (done) store.delete(row);
    });
  }

  #enqueue(number: number, job: () => Promise<void>): void {
    const before = this.#tails.get(number) ?? this.#started.promise;
    const tail = before.then(job).catch((error: unknown) => {
      this.#components.log.error(
        { event: 'hook.bug', err: error, session: number },
        'a hook could not be run',
      );
    });
    this.#tails.set(number, tail);
    void tail.then(() => {
      if (this.#tails.get(number) === tail) this.#tails.delete(number);
    });
  }

  #takeOver(row: number, { info, connectedAt, rxBytes, txBytes, end }: OpenRecord): void {
    if (end !== null) {
      this.#owe(info.id, row, info, end);
      return;
    }
    const { hostname } = info.client;
    this.#earlier.set(row, info);
    const open = { row, connectedAt, rxBytes, txBytes, session: null, hostname };
    this.#open.set(info.id, open);
  }
}

async function atMost(ms: Milliseconds, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
