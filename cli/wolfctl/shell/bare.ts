import type { Command } from 'commander';

/** Whether these arguments name no command, and ask for no help. `program` is spent afterwards. */
export function isBare(program: Command, args: readonly string[]): boolean {
  program.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  try {
    const { operands, unknown } = program.parseOptions([...args]);
    return operands.length === 0 && unknown.length === 0;
  } catch {
    // The version, or a mistake: both are told where the arguments are parsed in earnest.
    return false;
  }
}
