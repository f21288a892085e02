// What users with a quota move. The engines count; the primary asks them, the more often the less is
// left and the faster it goes:
//
//   tunnel up ──► asked after 0.25 to 5 s ──► … ──► closed: its last counters
//                     └─ what is new since then is added to the user ─► disk, 0.1 s later
//                                                        └─ used up: the user's sessions end
//
// A gigabit a second moves 31 MB in the shortest of these times, and that, once for each tunnel of the
// user, is what a quota may be passed by. Killed with -9, the server forgets what was moved since it
// last asked: LOSS_BYTES in a steady flow, and what goes through in LOOK_MOST_MS where one has just
// begun.
import type { TunnelCounters, TunnelEnd, TunnelStatus } from '../core/ipc/messages.ts';
import { addBytes, periodEnd, usedBytes } from '../core/policy/quota.ts';
import type { Quota, Usage } from '../core/policy/quota.ts';
import { Deadlines } from '../core/session/deadlines.ts';
import type { Session } from '../core/session/session.ts';
import type { QuotaView } from '../core/session/view.ts';
import type { Bytes, EpochMs, Milliseconds } from '../core/units.ts';
import type { SessionStore } from './session_store.ts';
import type { SessionObserver } from './session_observer.ts';

export interface QuotasComponents {
  readonly store: Pick<SessionStore, 'loadUsage' | 'saveUsage'>;
  /** By worker, the tunnels asked for as they are now; what cannot be had is left out. */
  readonly listTunnels: (
    timeoutMs: Milliseconds,
    only: ReadonlyMap<number, readonly number[]>,
  ) => Promise<ReadonlyMap<number, readonly TunnelStatus[]>>;
  /** The user may have used up what the policies of some sessions allow. */
  readonly moved: (user: string) => void;
  readonly now: () => EpochMs;
}

/** A session with a quota, and the tunnels of it that have not said their last word. */
interface Account {
  session: Session;
  /** By worker and tunnel. */
  readonly tunnels: Map<string, Counted>;
  endedAt: EpochMs | null;
}

interface Counted {
  bytes: Bytes;
  at: EpochMs;
}

const LOOK_LEAST_MS: Milliseconds = 250;
const LOOK_MOST_MS: Milliseconds = 5000;
/** What nobody may move unseen near the end of a quota: the fastest link that is usual. */
const FASTEST_BYTES_PER_MS = 125_000;
/** What a steady flow moves between two looks, at the most. */
const LOSS_BYTES: Bytes = 64 << 20;
const LIST_TIMEOUT_MS: Milliseconds = 2000;
/** For a worker to close a tunnel and say so. */
const LAST_COUNTERS_MS: Milliseconds = 5000;

export class Quotas implements SessionObserver {
  readonly #components: QuotasComponents;
  readonly #usage: Map<string, Usage>;
  readonly #accounts = new Map<number, Account>();
  readonly #due = new Deadlines();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #closed = false;

  /** Takes over what the store holds; throws WolfguardError when that cannot be read. */
  constructor(components: QuotasComponents) {
    this.#components = components;
    this.#usage = new Map(components.store.loadUsage());
  }

  /** What the user has moved in the present period. */
  used(user: string, { per }: Quota): Bytes {
    return usedBytes(this.#usage.get(user), per, this.#components.now());
  }

  /** For listings. */
  view(user: string, quota: Quota): QuotaView {
    const until = periodEnd(quota.per, this.#components.now());
    return { ...quota, used: this.used(user, quota), until };
  }

  /** Forgets what the user has used; false when that is nothing. */
  reset(user: string): boolean {
    this.#components.store.saveUsage(user, null);
    return this.#usage.delete(user);
  }

  saved(session: Session): void {
    const { policy, state, session: number } = session;
    if (policy.quota === null) return;
    const account = this.#accounts.get(number) ?? open(session);
    account.session = session;
    this.#accounts.set(number, account);
    if (state.kind === 'waiting') {
      this.#due.set(number, null);
      return;
    }
    const tunnel = keyOf(state.worker, state.tunnel);
    // A worker's successor uses its numbers again.
    const known = account.tunnels.get(tunnel);
    if (known === undefined || known.at < state.since) {
      account.tunnels.set(tunnel, { bytes: 0, at: state.since });
      this.#schedule(account, 0);
    }
  }

  ended(session: Session): void {
    const account = this.#accounts.get(session.session);
    if (account === undefined) return;
    if (account.tunnels.size === 0) {
      this.#forget(account);
      return;
    }
    account.endedAt = this.#components.now();
    this.#due.set(session.session, account.endedAt + LAST_COUNTERS_MS);
    this.#arm();
  }

  tunnelClosed(
    worker: number,
    message: {
      readonly session: number;
      readonly tunnel: number;
      readonly end: TunnelEnd;
      readonly counters: TunnelCounters;
    },
  ): void {
    const account = this.#accounts.get(message.session);
    if (account === undefined) return;
    this.#count(account, keyOf(worker, message.tunnel), message.counters);
    account.tunnels.delete(keyOf(worker, message.tunnel));
    if (account.endedAt !== null && account.tunnels.size === 0) this.#forget(account);
    this.#components.moved(account.session.user);
  }

  /** Asks about those whose turn it is; runs by itself. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#lookAt(this.#takeDue());
    } finally {
      this.#looking = false;
      this.#arm();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #takeDue(): Account[] {
    const due: Account[] = [];
    for (const session of this.#due.takeDue(this.#components.now())) {
      const account = this.#accounts.get(session);
      if (account === undefined) continue;
      // A worker that died has no last word.
      if (account.endedAt !== null) this.#forget(account);
      else due.push(account);
    }
    return due;
  }

  async #lookAt(accounts: readonly Account[]): Promise<void> {
    const only = new Map<number, number[]>();
    for (const { session } of accounts) {
      if (session.state.kind === 'waiting') continue;
      const { worker, tunnel } = session.state;
      const wanted = only.get(worker);
      if (wanted === undefined) only.set(worker, [tunnel]);
      else wanted.push(tunnel);
    }
    if (only.size === 0) return;
    const lists = await this.#components.listTunnels(LIST_TIMEOUT_MS, only);
    const speeds = new Map<number, number>();
    for (const [worker, statuses] of lists) {
      for (const status of statuses) {
        const account = this.#accounts.get(status.session);
        if (account === undefined) continue;
        const speed = this.#count(account, keyOf(worker, status.tunnel), status);
        speeds.set(status.session, speed);
      }
    }
    for (const account of accounts) {
      const { session, endedAt } = account;
      if (endedAt === null && session.state.kind === 'connected') {
        this.#schedule(account, speeds.get(session.session) ?? 0);
      }
    }
    for (const user of new Set(accounts.map(({ session }) => session.user))) {
      this.#components.moved(user);
    }
  }

  /** Adds what is new; returns bytes per millisecond since the last time. */
  #count(account: Account, tunnel: string, counters: TunnelCounters): number {
    const counted = account.tunnels.get(tunnel);
    // Its last counters came while it was asked: they were more.
    if (counted === undefined) return 0;
    const { now, store } = this.#components;
    const { user } = account.session;
    const bytes = counters.rxBytes + counters.txBytes;
    const fresh = Math.max(0, bytes - counted.bytes);
    const elapsedMs = Math.max(1, now() - counted.at);
    account.tunnels.set(tunnel, { bytes, at: now() });
    if (fresh === 0) return 0;
    const usage = addBytes(this.#usage.get(user), fresh, now());
    this.#usage.set(user, usage);
    store.saveUsage(user, usage);
    return fresh / elapsedMs;
  }

  #schedule({ session }: Account, speed: number): void {
    const { quota } = session.policy;
    if (quota === null) return;
    const left = quota.bytes - this.used(session.user, quota);
    const wait = Math.min(LOOK_MOST_MS, left / FASTEST_BYTES_PER_MS, LOSS_BYTES / speed);
    this.#due.set(session.session, this.#components.now() + Math.max(LOOK_LEAST_MS, wait));
    this.#arm();
  }

  #forget({ session }: Account): void {
    this.#accounts.delete(session.session);
    this.#due.set(session.session, null);
  }

  /** One timer, which waits a little for others that are due soon: they are asked together. */
  #arm(): void {
    const first = this.#due.first();
    if (this.#closed || first === undefined || this.#looking) return;
    clearTimeout(this.#timer);
    const wait = Math.max(first.at - this.#components.now(), TOGETHER_MS);
    this.#timer = setTimeout(() => void this.look(), wait).unref();
  }
}

/** Much less than LOOK_LEAST_MS. */
const TOGETHER_MS: Milliseconds = 25;

const open = (session: Session): Account => ({ session, tunnels: new Map(), endedAt: null });

const keyOf = (worker: number, tunnel: number): string => `${worker}/${tunnel}`;
