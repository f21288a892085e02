// Who comes and goes, told to the readers of "wolfctl show events". Without readers nothing is kept
// and nothing rendered.
import { encodeAdminEvent } from '../core/ipc/admin_event.ts';
import type { AdminEvent } from '../core/ipc/admin_event.ts';
import type { AdminSession } from '../core/ipc/admin.ts';
import type { Peer, WorkerToPrimary } from '../core/ipc/messages.ts';
import { addCounters } from '../core/session/session.ts';
import type { Session } from '../core/session/session.ts';
import type { EpochMs } from '../core/units.ts';
import type { SessionObserver } from './session_observer.ts';

export interface AdminEventsComponents {
  readonly sessions: () => Iterable<Session>;
  readonly view: (session: Session) => AdminSession;
  readonly now: () => EpochMs;
}

/** Takes one line at a time and never throws. */
export type EventReader = (line: string) => void;

/** Each may hold a buffer, and the admin socket has few connections. */
export const MAX_EVENT_READERS = 8;

export class AdminEvents implements SessionObserver {
  readonly #components: AdminEventsComponents;
  readonly #readers = new Map<EventReader, { readonly logins: boolean }>();
  /** The tunnels that are up, "worker/tunnel". */
  readonly #tunnels = new Map<string, { readonly session: Session; readonly since: EpochMs }>();

  constructor(components: AdminEventsComponents) {
    this.#components = components;
  }

  /** From now on the reader hears of events, first of its own listening; returns what ends that, undefined = there are too many. */
  subscribe(reader: EventReader, logins: boolean): (() => void) | undefined {
    if (this.#readers.size >= MAX_EVENT_READERS) return undefined;
    if (this.#readers.size === 0) {
      for (const session of this.#components.sessions()) this.#note(session);
    }
    this.#readers.set(reader, { logins });
    reader(encodeAdminEvent({ kind: 'listening', at: this.#components.now() }));
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#tunnels.clear();
    };
  }

  saved(session: Session): void {
    if (this.#readers.size === 0) return;
    const isNew = this.#note(session);
    if (!isNew) return;
    const { now, view } = this.#components;
    this.#tell({ kind: 'connected', at: now(), session: view(session) });
  }

  /** Its tunnel is heard of when it closes. */
  ended(): void {
    return;
  }

  tunnelClosed(
    worker: number,
    { tunnel, end, counters }: Extract<WorkerToPrimary, { kind: 'tunnel-closed' }>,
  ): void {
    this.#closed(`${worker}/${tunnel}`, end, counters);
  }

  /** To be called before a new worker of the same number starts. */
  workerGone(worker: number): void {
    for (const key of [...this.#tunnels.keys()]) {
      if (key.startsWith(`${worker}/`)) this.#closed(key, 'worker-gone');
    }
  }

  loginRefused({ address }: Peer, vhost: string): void {
    if (this.#readers.size === 0) return;
    this.#tell({ kind: 'login-refused', at: this.#components.now(), address, vhost });
  }

  /** Whether its tunnel is a new one. */
  #note(session: Session): boolean {
    const { state } = session;
    if (state.kind !== 'connected') return false;
    const key = `${state.worker}/${state.tunnel}`;
    const isNew = !this.#tunnels.has(key);
    this.#tunnels.set(key, { session, since: state.since });
    return isNew;
  }

  #closed(
    key: string,
    end: Extract<AdminEvent, { kind: 'disconnected' }>['end'],
    counters?: Parameters<typeof addCounters>[1],
  ): void {
    const tunnel = this.#tunnels.get(key);
    if (tunnel === undefined) return;
    this.#tunnels.delete(key);
    const { session, since } = tunnel;
    const at = this.#components.now();
    const seen = this.#components.view(session);
    this.#tell({
      kind: 'disconnected',
      at,
      session:
        counters === undefined
          ? seen
          : { ...seen, counters: addCounters(session.totals, counters) },
      end,
      lastedMs: at - since,
    });
  }

  #tell(event: AdminEvent): void {
    const line = encodeAdminEvent(event);
    for (const [reader, { logins }] of this.#readers) {
      if (logins || event.kind !== 'login-refused') reader(line);
    }
  }
}
