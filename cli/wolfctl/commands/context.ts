import { WolfguardError } from '../../../core/error.ts';
import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import type { AdminCommand, AdminResults } from '../../../core/ipc/admin.ts';
import type { EpochMs } from '../../../core/units.ts';

/** What a group of commands has to work with. */
export interface CommandContext {
  /** Puts one command to the server that the options name; throws WolfguardError. */
  readonly request: <C extends AdminCommand['command']>(
    command: Extract<AdminCommand, { command: C }>,
  ) => Promise<AdminResults[C]>;
  /**
   * What happens from now on, until somebody interrupts it; throws WolfguardError, also when the
   * server ends.
   */
  readonly follow: (
    command: Extract<AdminCommand, { command: 'events' }>,
  ) => AsyncIterable<AdminEvent>;
  /**
   * Writes the one or the other, as the options say; `occtl`: when called by that name. A text is
   * for a terminal of so many cells a line; Infinity: there is none.
   */
  readonly print: (json: unknown, text: (columns: number) => string, occtl?: () => string) => void;
  /** The same for a list, which is written while its records are made: it may be long. */
  readonly printList: <T>(
    items: readonly T[],
    recordOf: (item: T) => unknown,
    text: (columns: number) => string,
    occtl?: () => string,
  ) => void;
  /** The same for one of many that come one by one: a line each, when there is room for it. */
  readonly printLine: (json: unknown, text: () => string, occtl?: () => string) => Promise<void>;
  readonly isDebug: () => boolean;
  /** --json was given. */
  readonly isJson: () => boolean;
  /** For texts that come bit by bit. */
  readonly write: (text: string) => void;
  /** Infinity: there is no terminal. */
  readonly columns: () => number;
  readonly now: () => EpochMs;
}

/** Nothing goes by the name that was asked for: with --json an empty list is the answer. */
export class NothingFound extends WolfguardError {
  constructor(message: string) {
    super('NOTHING_FOUND', message);
  }
}

/** Not as it should be, and the answer that has been printed already says so, with --json too. */
export class Answered extends WolfguardError {
  constructor(message: string) {
    super('REFUSED', message);
  }
}

/** The answer, where "there is none" is one; other problems stay what they are. */
export async function orNothing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WolfguardError && error.code === 'NOT_FOUND') {
      throw new NothingFound(error.message);
    }
    throw error;
  }
}
