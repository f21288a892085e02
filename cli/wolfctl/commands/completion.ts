// wolfctl completion: files for the completion of command lines by bash, zsh and fish.
import { Argument } from 'commander';
import type { Command } from 'commander';
import { renderCompletion, SHELLS } from '../../completion/render.ts';
import type { Shell } from '../../completion/render.ts';
import { describeCommand } from '../../completion/tree.ts';
import { fetchLive } from '../live_values.ts';
import { LIVE_KINDS } from '../live_kind.ts';
import type { LiveKind } from '../live_kind.ts';
import type { CommandContext } from './context.ts';

export function addCompletion(program: Command, { request, write }: CommandContext): void {
  program
    .command('completion')
    .description('print the completion file for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => {
      write(renderCompletion(shell, describeCommand(program), ['wolfctl', 'occtl'], true));
    });
  program
    .command('complete', { hidden: true })
    .description('print what the server knows of a kind, a line each, for completion files')
    .addArgument(new Argument('<kind>', 'what to list').choices(LIVE_KINDS))
    .action(async (kind: LiveKind) => {
      const values = await fetchLive(request, kind);
      write(
        values
          .filter(isPlain)
          .map((value) => `${value}\n`)
          .join(''),
      );
    });
}

/** A name that a shell would take apart, or a terminal would obey, is not offered. */
const isPlain = (value: string): boolean => /^[\p{L}\p{N}\p{M}@%+=:,./_-]+$/u.test(value);
