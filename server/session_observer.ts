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

export const bothObservers = (
  first: SessionObserver,
  second: SessionObserver,
): SessionObserver => ({
  saved: (session) => {
    first.saved(session);
    second.saved(session);
  },
  ended: (session, end) => {
    first.ended(session, end);
    second.ended(session, end);
  },
  tunnelClosed: (worker, message) => {
    first.tunnelClosed(worker, message);
    second.tunnelClosed(worker, message);
  },
});
