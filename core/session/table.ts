// The sessions and their indexes. Every change goes through put() and delete(), which keep the
// indexes true; no operation looks at all sessions.
import type { EpochMs } from '../units.ts';
import { Deadlines } from './deadlines.ts';
import { deadlineOf } from './session.ts';
import type { Session } from './session.ts';

export class SessionTable {
  readonly #sessions = new Map<number, Session>();
  readonly #byCookie = new Map<string, number>();
  readonly #byUser = new Index<string>();
  readonly #byWorker = new Index<number>();
  readonly #deadlines = new Deadlines();

  get size(): number {
    return this.#sessions.size;
  }

  /** Sessions that a worker carries. */
  get connected(): number {
    return this.#byWorker.size;
  }

  get(session: number): Session | undefined {
    return this.#sessions.get(session);
  }

  byCookie(cookieHash: string): Session | undefined {
    const session = this.#byCookie.get(cookieHash);
    return session === undefined ? undefined : this.#sessions.get(session);
  }

  /** Oldest login first. */
  ofUser(user: string): Session[] {
    return this.#resolve(this.#byUser.get(user));
  }

  countOfUser(user: string): number {
    return this.#byUser.get(user)?.size ?? 0;
  }

  connectedOn(worker: number): Session[] {
    return this.#resolve(this.#byWorker.get(worker));
  }

  all(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  nextDeadline(): EpochMs | undefined {
    return this.#deadlines.first()?.at;
  }

  /** The session that is due longest, if one is due. */
  due(now: EpochMs): Session | undefined {
    const first = this.#deadlines.first();
    return first !== undefined && first.at <= now ? this.#sessions.get(first.session) : undefined;
  }

  /** Adds a session or puts its new value in place of the old one. */
  put(session: Session): void {
    const id = session.session;
    const before = this.#sessions.get(id);
    this.#sessions.set(id, session);
    this.#deadlines.set(id, deadlineOf(session));
    if (before === undefined) {
      this.#byCookie.set(session.cookieHash, id);
      this.#byUser.add(session.user, id);
    }
    this.#moveWorker(id, before && workerOf(before), workerOf(session));
  }

  delete(session: Session): void {
    const id = session.session;
    const before = this.#sessions.get(id);
    if (before === undefined) return;
    this.#sessions.delete(id);
    this.#deadlines.set(id, null);
    this.#byCookie.delete(before.cookieHash);
    this.#byUser.remove(before.user, id);
    this.#moveWorker(id, workerOf(before), undefined);
  }

  #moveWorker(id: number, from: number | undefined, to: number | undefined): void {
    if (from === to) return;
    if (from !== undefined) this.#byWorker.remove(from, id);
    if (to !== undefined) this.#byWorker.add(to, id);
  }

  #resolve(ids: ReadonlySet<number> | undefined): Session[] {
    return [...(ids ?? [])].flatMap((id) => this.#sessions.get(id) ?? []);
  }
}

class Index<Key> {
  readonly #sets = new Map<Key, Set<number>>();

  /** Numbers of all keys together. */
  get size(): number {
    return [...this.#sets.values()].reduce((sum, { size }) => sum + size, 0);
  }

  get(key: Key): ReadonlySet<number> | undefined {
    return this.#sets.get(key);
  }

  add(key: Key, id: number): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([id]));
    else set.add(id);
  }

  remove(key: Key, id: number): void {
    const set = this.#sets.get(key);
    set?.delete(id);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

const workerOf = ({ state }: Session): number | undefined =>
  state.kind === 'connected' ? state.worker : undefined;
