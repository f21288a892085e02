// wolfctl unban: let an address in again.
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addUnban(program: Command, { request, print }: CommandContext): void {
  program
    .command('unban')
    .description('end a ban')
    .command('ip <address>')
    .description('forget the ban and the points of an address, or of an IPv6 network as listed')
    .action(async (address: string) => {
      const result = await request<'unban'>({ command: 'unban', address });
      print(
        result,
        () => `${result.source} may connect again\n`,
        () => `IP '${address}' was unbanned\n`,
      );
    });
}
