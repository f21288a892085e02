// Who is told of every change of sessions.
import type { WorkerToPrimary } from '../core/ipc/messages.ts';
import type { Session, SessionEnd } from '../core/session/session.ts';

/** Told of every change, in its order. */
export interface SessionObserver {
  /** The session as it is from now on. */
  saved(session: Session): void;
  ended(session: Session, end: SessionEnd): void;
  /** Also of a tunnel whose session is over, which then closes a little later. */
  tunnelClosed(worker: number, message: Extract<WorkerToPrimary, { kind: 'tunnel-closed' }>): void;
}

/** Several as one: each is told, in this order. */
export const observers = (...all: readonly SessionObserver[]): SessionObserver => ({
  saved: (session) => {
    for (const observer of all) observer.saved(session);
  },
  ended: (session, end) => {
    for (const observer of all) observer.ended(session, end);
  },
  tunnelClosed: (worker, message) => {
    for (const observer of all) observer.tunnelClosed(worker, message);
  },
});
