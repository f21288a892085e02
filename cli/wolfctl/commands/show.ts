// wolfctl show: the server and its sessions.
import type { Command } from 'commander';
import type { AdminCommand } from '../../../core/ipc/admin.ts';
import { iroutesRecord, sessionRecord, statusRecord, userRecord } from '../records.ts';
import {
  renderIroutes,
  renderSessions,
  renderStatus,
  renderUserDetails,
  renderUsers,
} from '../render.ts';
import type { CommandContext } from './context.ts';
import { parseId } from './session_id.ts';
import { addShowIp } from './show_ip.ts';

export function addShow(program: Command, context: CommandContext): void {
  const show = program.command('show').description('show what the server does');
  addShowStatus(show, context);
  addShowUsers(show, context);
  addShowSessions(show, context);
  addShowIroutes(show, context);
  addShowIp(show, context);
}

function addShowStatus(show: Command, { request, print }: CommandContext): void {
  show
    .command('status')
    .description('processes, sessions and traffic')
    .action(async () => {
      const status = await request<'status'>({ command: 'status' });
      print(statusRecord(status), () => renderStatus(status));
    });
}

function addShowUsers(show: Command, { request, print, now }: CommandContext): void {
  show
    .command('users')
    .description('who is connected')
    .action(async () => {
      const users = await request<'users'>({ command: 'users' });
      print(
        users.map((user) => userRecord(user, now())),
        () => renderUsers(users, now()),
      );
    });
  const showDetails = async (
    command: Extract<AdminCommand, { command: 'user' | 'id' }>,
  ): Promise<void> => {
    const users = await request<'user' | 'id'>(command);
    print(
      users.map((user) => userRecord(user, now())),
      () => renderUserDetails(users, now()),
    );
  };
  show
    .command('user <name>')
    .description('all about the sessions of one user')
    .action((name: string) => showDetails({ command: 'user', name }));
  show
    .command('id <id>')
    .description('all about one session')
    .action((id: string) => showDetails({ command: 'id', session: parseId(id) }));
}

function addShowSessions(show: Command, { request, print, now }: CommandContext): void {
  show
    .command('sessions')
    .description('all sessions, also those whose client is away and may come back')
    .action(async () => {
      const sessions = await request<'sessions'>({ command: 'sessions' });
      print(sessions.map(sessionRecord), () => renderSessions(sessions, now()));
    });
}

function addShowIroutes(show: Command, { request, print }: CommandContext): void {
  show
    .command('iroutes')
    .description('the networks behind clients that are connected')
    .action(async () => {
      const users = await request<'users'>({ command: 'users' });
      const routers = users.filter(({ pushed }) => pushed.iroutes.length > 0);
      print(routers.map(iroutesRecord), () => renderIroutes(routers));
    });
}
