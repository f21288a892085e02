import type { AdminCommand, AdminResults } from '../../../core/ipc/admin.ts';
import type { EpochMs } from '../../../core/units.ts';

/** What a group of commands has to work with. */
export interface CommandContext {
  /** Puts one command to the server that the options name; throws WolfguardError. */
  readonly request: <C extends AdminCommand['command']>(
    command: Extract<AdminCommand, { command: C }>,
  ) => Promise<AdminResults[C]>;
  /** Writes the one or the other, as the options say. */
  readonly print: (json: unknown, text: () => string) => void;
  readonly now: () => EpochMs;
}
