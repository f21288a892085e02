// wolfctl disconnect and terminate: end tunnels, or sessions with their cookies.
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { parseId } from './session_id.ts';

const GROUPS = [
  ['disconnect', 'drop the tunnel; the client may come back with its cookie', 'disconnected'],
  ['terminate', 'end the session; its cookie is worth nothing any more', 'terminated'],
] as const;

export function addEnd(program: Command, { request, print }: CommandContext): void {
  for (const [command, description, done] of GROUPS) {
    const end = async (target: { user: string } | { id: number }): Promise<void> => {
      const result = await request<'disconnect' | 'terminate'>({ command, target });
      print(
        result,
        () => `${result.sessions} session${result.sessions === 1 ? '' : 's'} ${done}\n`,
      );
    };
    const group = program.command(command).description(description);
    group
      .command('user <name>')
      .description('all sessions of a user')
      .action((user: string) => end({ user }));
    group
      .command('id <id>')
      .description('one session')
      .action((id: string) => end({ id: parseId(id) }));
  }
}
