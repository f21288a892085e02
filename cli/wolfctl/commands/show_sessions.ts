// wolfctl show sessions: logins and their cookies, whether somebody is connected by them or not.
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { AdminCommand } from '../../../core/ipc/admin.ts';
import { occtlSessionDetails } from '../occtl/details.ts';
import { occtlSessions } from '../occtl/tables.ts';
import { sessionRecord } from '../records/session.ts';
import { renderSessionDetails, renderSessions } from '../render.ts';
import { orNothing } from './context.ts';
import type { CommandContext } from './context.ts';

export function addShowSessions(show: Command, context: CommandContext): void {
  const { request, print, printList, now } = context;
  const list = async (which: string): Promise<void> => {
    const command: AdminCommand =
      which === 'valid' ? { command: 'sessions', valid: true } : { command: 'sessions' };
    const sessions = await request<'sessions'>(command);
    printList(
      sessions,
      sessionRecord,
      (columns) => renderSessions(sessions, now(), columns),
      () => occtlSessions(sessions, now()),
    );
  };
  const which = (): Argument => new Argument('[which]').choices(['all', 'valid']).default('all');
  show
    .command('sessions')
    .description('all sessions, also those whose client is away; valid: that may be used now')
    .addArgument(which())
    .action(list);
  show.command('cookies', { hidden: true }).addArgument(which()).action(list);
  show
    .command('session <sid>')
    .description('one session by its public id, or all whose id begins so')
    .action(async (sid: string) => {
      const sessions = await orNothing(request<'session'>({ command: 'session', sid }));
      const records = sessions.map(sessionRecord);
      print(
        records,
        () => renderSessionDetails(records),
        () => occtlSessionDetails(records),
      );
    });
}
