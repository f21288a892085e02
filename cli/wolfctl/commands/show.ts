// wolfctl show: the server and who is connected.
import type { Command } from 'commander';
import type { AdminCommand } from '../../../core/ipc/admin.ts';
import { occtlIroutes, occtlUsers } from '../occtl/tables.ts';
import { occtlStatus, occtlUserDetails } from '../occtl/details.ts';
import { statusRecord } from '../records/status.ts';
import { iroutesRecord, userRecord } from '../records/user.ts';
import { renderIroutes, renderStatus, renderUserDetails, renderUsers } from '../render.ts';
import { orNothing } from './context.ts';
import type { CommandContext } from './context.ts';
import { parseId } from './session_id.ts';
import { addShowEvents } from './show_events.ts';
import { addShowIp } from './show_ip.ts';
import { addShowSessions } from './show_sessions.ts';

export function addShow(program: Command, context: CommandContext): void {
  const show = program.command('show').description('show what the server does');
  addShowStatus(show, context);
  addShowUsers(show, context);
  addShowSessions(show, context);
  addShowIroutes(show, context);
  addShowIp(show, context);
  addShowEvents(show, context);
}

function addShowStatus(show: Command, { request, print, isDebug }: CommandContext): void {
  show
    .command('status')
    .description('processes, sessions, logins and traffic')
    .action(async () => {
      const status = await request<'status'>({ command: 'status' });
      const record = statusRecord(status, { debug: isDebug() });
      print(
        record,
        () => renderStatus(status),
        () => occtlStatus(record),
      );
    });
}

function addShowUsers(show: Command, { request, print, printList, now }: CommandContext): void {
  show
    .command('users')
    .description('who is connected')
    .action(async () => {
      const users = await request<'users'>({ command: 'users' });
      const at = now();
      printList(
        users,
        (user) => userRecord(user, at),
        (columns) => renderUsers(users, at, columns),
        () => occtlUsers(users, at),
      );
    });
  const showDetails = async (
    command: Extract<AdminCommand, { command: 'user' | 'id' }>,
  ): Promise<void> => {
    const users = await orNothing(request<'user' | 'id'>(command));
    const at = now();
    const records = users.map((user) => userRecord(user, at));
    print(
      records,
      () => renderUserDetails(users, at),
      () => occtlUserDetails(records),
    );
  };
  show
    .command('user <name>')
    .description('all about the sessions of one user')
    .action((name: string) => showDetails({ command: 'user', name }));
  show
    .command('id <id>')
    .description('all about the session of this number')
    .action((id: string) => showDetails({ command: 'id', session: parseId(id) }));
}

function addShowIroutes(show: Command, { request, print }: CommandContext): void {
  show
    .command('iroutes')
    .description('the networks behind clients that are connected')
    .action(async () => {
      const users = await request<'users'>({ command: 'users' });
      const routers = users.filter(({ pushed }) => pushed.iroutes.length > 0);
      print(
        routers.map(iroutesRecord),
        (columns) => renderIroutes(routers, columns),
        () => occtlIroutes(routers),
      );
    });
}
