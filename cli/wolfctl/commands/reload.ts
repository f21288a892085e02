// wolfctl reload: puts the configuration in force, or says what that would change.
import type { Command } from 'commander';
import { renderReload } from '../render_reload.ts';
import { Answered } from './context.ts';
import type { CommandContext } from './context.ts';

export function addReload(program: Command, { request, print }: CommandContext): void {
  program
    .command('reload')
    .description('read the configuration and all files that it names again')
    .option('--dry-run', 'only print what would change; exit code 1 if it would be refused')
    .action(async ({ dryRun }: { readonly dryRun?: true }) => {
      const result = await request<'reload'>({ command: 'reload', ...(dryRun && { dryRun }) });
      print(
        result,
        () => renderReload(result),
        () => 'Server scheduled to reload\n',
      );
      if (result.refusals.length > 0) throw new Answered('the reload would be refused');
    });
}
