// The accounts of sessions: what their backends hear when a session begins, at intervals, and when it
// ends. Records go to the auth process, which delivers them.
//
//   first tunnel granted ──► start ── interim … interim ──► stop
//                              (a session of the last run had its start then)
//
// One clock for all: each second it looks at who is due. A session that ends under its tunnel waits
// for the tunnel's last counters.
import type { AccountingRecord } from '../core/ipc/auth.ts';
import type { TunnelEnd, TunnelStatus } from '../core/ipc/messages.ts';
import { Deadlines } from '../core/session/deadlines.ts';
import type { Session, SessionEnd } from '../core/session/session.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import { NO_USAGE, accountingRecord, addUsage, mostOf } from './accounting_record.ts';
import type { Usage } from './accounting_record.ts';
import type { SessionObserver } from './session_observer.ts';

export interface AccountingComponents {
  readonly send: (record: AccountingRecord) => void;
  /** By worker, the tunnels asked for as they are now; what cannot be had is left out. */
  readonly listTunnels: (
    timeoutMs: Milliseconds,
    only: ReadonlyMap<number, readonly number[]>,
  ) => Promise<ReadonlyMap<number, readonly TunnelStatus[]>>;
  readonly now: () => EpochMs;
  /** From 0 to 1. */
  readonly random: () => number;
}

interface Account {
  session: Session;
  /** What was last told: a worker that dies takes its counters along, and sums never go back. */
  told: Usage;
  lastTunnelEnd: TunnelEnd | null;
  /** The session is over and its tunnel is not. */
  end: SessionEnd | null;
}

const TICK_MS: Milliseconds = 1000;
const LIST_TIMEOUT_MS: Milliseconds = 2000;
/** For a worker to close a tunnel and say so. */
const LAST_COUNTERS_MS: Milliseconds = 5000;

export class Accounting implements SessionObserver {
  readonly #components: AccountingComponents;
  readonly #startedAt: EpochMs;
  readonly #accounts = new Map<number, Account>();
  readonly #due = new Deadlines();
  readonly #clock: NodeJS.Timeout;
  #looking = false;

  constructor(components: AccountingComponents) {
    this.#components = components;
    this.#startedAt = components.now();
    this.#clock = setInterval(() => void this.look(), TICK_MS).unref();
  }

  saved(session: Session): void {
    const { attributes, openedAt } = session;
    if (attributes.accounting === null || openedAt === null) return;
    const account = this.#accounts.get(session.session);
    if (account !== undefined) {
      account.session = session;
      return;
    }
    const opened: Account = { session, told: NO_USAGE, lastTunnelEnd: null, end: null };
    this.#accounts.set(session.session, opened);
    if (openedAt >= this.#startedAt) this.#tell(opened, 'start', NO_USAGE);
    // Spread out: sessions that begin together, after a restart for one, are not due together.
    this.#schedule(opened, 0.5 + this.#components.random() / 2);
  }

  ended(session: Session, end: SessionEnd): void {
    const account = this.#accounts.get(session.session);
    if (account === undefined) return;
    account.session = session;
    account.end = end;
    if (session.state.kind === 'waiting') this.#stop(account, session.totals);
    else this.#due.set(session.session, this.#components.now() + LAST_COUNTERS_MS);
  }

  tunnelClosed(
    worker: number,
    message: { readonly session: number; readonly tunnel: number } & {
      readonly end: TunnelEnd;
      readonly counters: Usage;
    },
  ): void {
    const account = this.#accounts.get(message.session);
    if (account === undefined) return;
    const { session, end } = account;
    const { state, totals } = session;
    if (end === null) account.lastTunnelEnd = message.end;
    else if (
      state.kind === 'connected' &&
      state.worker === worker &&
      state.tunnel === message.tunnel
    ) {
      this.#stop(account, addUsage(totals, message.counters));
    }
  }

  /** Tells what is due; runs by itself each second. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#tellDue(this.#takeDue());
    } finally {
      this.#looking = false;
    }
  }

  close(): void {
    clearInterval(this.#clock);
  }

  #takeDue(): Account[] {
    return this.#due
      .takeDue(this.#components.now())
      .flatMap((session) => this.#accounts.get(session) ?? []);
  }

  async #tellDue(due: readonly Account[]): Promise<void> {
    for (const account of due.filter(({ end }) => end !== null)) {
      this.#stop(account, account.session.totals);
    }
    const alive = due.filter(({ end }) => end === null);
    if (alive.length === 0) return;
    const live = await this.#ask(alive);
    for (const account of alive) {
      const { session, end } = account;
      // It may have ended while the workers were asked.
      if (!this.#accounts.has(session.session) || end !== null) continue;
      const tunnel = live.get(session.session) ?? NO_USAGE;
      this.#tell(account, 'interim', addUsage(session.totals, tunnel));
      this.#schedule(account, 1);
    }
  }

  /** By session: what its present tunnel has moved. */
  async #ask(accounts: readonly Account[]): Promise<ReadonlyMap<number, Usage>> {
    const only = new Map<number, number[]>();
    for (const { session } of accounts) {
      if (session.state.kind === 'waiting') continue;
      const { worker, tunnel } = session.state;
      const wanted = only.get(worker);
      if (wanted === undefined) only.set(worker, [tunnel]);
      else wanted.push(tunnel);
    }
    if (only.size === 0) return new Map();
    const lists = await this.#components.listTunnels(LIST_TIMEOUT_MS, only);
    return new Map([...lists.values()].flat().map((status) => [status.session, status]));
  }

  #schedule({ session }: Account, part: number): void {
    const { attributes, session: number } = session;
    const interimMs = attributes.accounting?.interimMs ?? 0;
    if (interimMs === 0) return;
    this.#due.set(number, this.#components.now() + interimMs * part);
  }

  #stop(account: Account, usage: Usage): void {
    this.#accounts.delete(account.session.session);
    this.#due.set(account.session.session, null);
    this.#tell(account, 'stop', usage);
  }

  #tell(account: Account, event: AccountingRecord['event'], usage: Usage): void {
    account.told = mostOf(account.told, usage);
    const { session, told, end, lastTunnelEnd } = account;
    // A cookie that ran out says less than how its last tunnel ended.
    const cause = end === 'expired' ? (lastTunnelEnd ?? end) : end;
    const facts = { event, at: this.#components.now(), usage: told, cause };
    this.#components.send(accountingRecord(session, facts));
  }
}
