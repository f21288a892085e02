// wolfctl stop: the server as a whole.
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addServer(program: Command, { request, print }: CommandContext): void {
  program
    .command('stop')
    .description('stop the server')
    .command('now')
    .description('tell all clients, then stop')
    .action(async () => {
      const result = await request<'stop'>({ command: 'stop' });
      print(
        result,
        () => 'the server is stopping\n',
        () => 'Server scheduled to stop\n',
      );
    });
}
