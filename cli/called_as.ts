// A program that is called through a link does what the link's name says.
import path from 'node:path';

/**
 * The arguments behind the program's name. `commands`: names of links, each with the command that it
 * stands for. `argv` as process.argv, whose second element Node leaves as the link that was called.
 */
export function argumentsOf(
  argv: readonly string[],
  commands: ReadonlyMap<string, string>,
): readonly string[] {
  const rest = argv.slice(2);
  const command = commands.get(path.basename(argv[1] ?? ''));
  return command === undefined ? rest : [command, ...rest];
}
