// wolfctl reload and stop: the server as a whole.
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

export function addServer(program: Command, { request, print }: CommandContext): void {
  program
    .command('reload')
    .description('read the configuration and the certificate again')
    .action(async () => {
      const result = await request<'reload'>({ command: 'reload' });
      print(
        result,
        () =>
          result.changed.length === 0
            ? 'reloaded; no key has changed\n'
            : `reloaded: ${result.changed.join(', ')}\n`,
        () => 'Server scheduled to reload\n',
      );
    });
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
