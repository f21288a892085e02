// The commands that only the shell has, as occtl's.
import type { CommandNode } from '../../completion/tree.ts';

const builtin = (name: string, description: string, hidden = false): CommandNode => ({
  name,
  aliases: [],
  description,
  hidden,
  options: [],
  values: [],
  commands: [],
});

const HELP: CommandNode = {
  ...builtin('help', 'what there is; also ? behind the beginning of a command'),
  values: [{ name: 'command', required: false, variadic: true, choices: [] }],
};

const BUILTINS: readonly CommandNode[] = [
  HELP,
  builtin('reset', 'put the terminal and its screen in order'),
  builtin('exit', 'leave the shell; also quit and Ctrl-D'),
  builtin('quit', 'leave the shell', true),
];

/** What makes sense on a command line only. */
const NOT_IN_A_SHELL: ReadonlySet<string> = new Set(['completion', ...BUILTINS.map(nameOf)]);

/** The commands of wolfctl and those of the shell itself. */
export const shellTree = (wolfctl: CommandNode): CommandNode => ({
  ...wolfctl,
  commands: [...wolfctl.commands.filter(({ name }) => !NOT_IN_A_SHELL.has(name)), ...BUILTINS],
});

function nameOf({ name }: CommandNode): string {
  return name;
}
