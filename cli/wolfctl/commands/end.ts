// wolfctl disconnect and terminate: end tunnels, or sessions with their cookies.
import type { Command } from 'commander';
import type { PublicSelector } from '../../../core/session/requests.ts';
import { occtlEnded } from '../occtl/messages.ts';
import type { CommandContext } from './context.ts';
import { parseId } from './session_id.ts';

export function addEnd(program: Command, context: CommandContext): void {
  for (const [command, description, done] of GROUPS) {
    const end = async (target: PublicSelector): Promise<void> => {
      const result = await context.request<'disconnect' | 'terminate'>({ command, target });
      context.print(
        result,
        () => `${result.sessions} session${result.sessions === 1 ? '' : 's'} ${done}\n`,
        () => occtlEnded(command, target),
      );
    };
    const group = program.command(command).description(description);
    group
      .command('user <name>')
      .description('all sessions of a user')
      .action((user: string) => end({ user }));
    group
      .command('id <id>')
      .description('the session of this number')
      .action((id: string) => end({ id: parseId(id) }));
    group
      .command('session <sid>')
      .description('the session of this public id; six characters are usually enough')
      .action((session: string) => end({ session }));
  }
}

const GROUPS = [
  ['disconnect', 'drop the tunnel; the client may come back with its cookie', 'disconnected'],
  ['terminate', 'end the session; its cookie is worth nothing any more', 'terminated'],
] as const;
