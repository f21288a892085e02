// wolfguard completion: files for the completion of command lines by bash, zsh and fish.
import { Argument } from 'commander';
import type { Command } from 'commander';
import { renderCompletion, SHELLS } from '../completion/render.ts';
import type { Shell } from '../completion/render.ts';
import { describeCommand } from '../completion/tree.ts';

/** Describes the whole program as it is when the command runs. */
export function addCompletion(program: Command, write: (text: string) => void): void {
  program
    .command('completion')
    .description('print the completion file for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => {
      write(
        renderCompletion(shell, describeCommand(program), ['wolfguard'], false, linksOf(program)),
      );
    });
}

/** Commands that are called by links of their own names, too. */
const linksOf = (program: Command): readonly string[] =>
  program.commands
    .map((command) => command.name())
    .filter((name) => /^oc(serv|passwd)$/.test(name));
