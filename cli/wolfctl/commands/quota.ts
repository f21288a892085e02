// wolfctl quota: what users may still use.
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addQuota(program: Command, { request, print }: CommandContext): void {
  program
    .command('quota')
    .description('what users have used of their quotas')
    .command('reset <user>')
    .description('forget what a user has used in this day, week and month')
    .action(async (user: string) => {
      const result = await request<'quota-reset'>({ command: 'quota-reset', user });
      print(result, () => `the quota of ${result.user} begins anew\n`);
    });
}
