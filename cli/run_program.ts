import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { WolfguardError } from '../core/error.ts';

export interface RunOptions {
  /** Stands before error messages. */
  readonly name: string;
  /** For a command or option that does not exist. */
  readonly usageExitCode: number;
  readonly complain: (text: string) => void;
  /** Tells of an operator's problem and returns the exit code; absent: one sentence, and 1. */
  readonly onProblem?: (error: WolfguardError) => number;
}

/**
 * Parses the command line, runs the command and returns the exit code: 0, 1 for an operator's
 * problem, which is told in one sentence. Our own bugs are thrown.
 */
export async function runProgram(
  program: Command,
  argv: readonly string[],
  { name, usageExitCode, complain, onProblem }: RunOptions,
): Promise<number> {
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // commander has printed the help, the version or the mistake by itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
    if (error instanceof WolfguardError) {
      if (onProblem !== undefined) return onProblem(error);
      complain(`${name}: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}
