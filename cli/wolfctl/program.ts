// The commands of wolfctl: what each asks the server, and what it prints.
import { Command } from 'commander';
import type { AdminCommand, AdminResults } from '../../core/ipc/admin.ts';
import { WolfguardError } from '../../core/error.ts';
import type { EpochMs } from '../../core/units.ts';
import {
  banRecord,
  iroutesRecord,
  pointsRecord,
  sessionRecord,
  statusRecord,
  userRecord,
} from './records.ts';
import {
  renderBans,
  renderIroutes,
  renderPoints,
  renderSessions,
  renderStatus,
  renderUserDetails,
  renderUsers,
} from './render.ts';

export interface WolfctlComponents {
  ask<C extends AdminCommand['command']>(
    socketPath: string,
    command: Extract<AdminCommand, { command: C }>,
  ): Promise<AdminResults[C]>;
  readonly write: (text: string) => void;
  readonly defaultSocketPath: () => string;
  readonly now: () => EpochMs;
  readonly version: string;
}

interface GlobalOptions {
  readonly json?: boolean;
  readonly socket?: string;
}

const EXAMPLES = `
Examples:
  wolfctl show users                 who is connected
  wolfctl show user alice --json     all about alice, for programs
  wolfctl disconnect user alice      drop her tunnel; her client comes back
  wolfctl terminate id 17            end session 17; its cookie is worth nothing
  wolfctl unban ip 203.0.113.7       let this address in again
  wolfctl quota reset alice          let her use her quota once more
  wolfctl reload                     read wolfguard.toml and the certificate again
  wolfctl stop now                   tell all clients and stop the server`;

/** The whole command line; parse it with parseAsync. Commands throw WolfguardError. */
export function buildWolfctl(components: WolfctlComponents): Command {
  const { write, defaultSocketPath, now } = components;
  const program = new Command('wolfctl')
    .description('Watches and steers a running wolfguard server.')
    .version(components.version)
    .option('--json', 'print JSON')
    .option('--socket <path>', 'the admin socket of the server')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(see wolfctl --help)')
    .exitOverride();

  const options = (): GlobalOptions => program.opts();
  const request = <C extends AdminCommand['command']>(
    command: Extract<AdminCommand, { command: C }>,
  ): Promise<AdminResults[C]> =>
    components.ask<C>(options().socket ?? defaultSocketPath(), command);
  const print = (json: unknown, text: () => string): void => {
    write(options().json === true ? `${JSON.stringify(json, undefined, 2)}\n` : text());
  };

  const show = program.command('show').description('show what the server does');
  show
    .command('status')
    .description('processes, sessions and traffic')
    .action(async () => {
      const status = await request<'status'>({ command: 'status' });
      print(statusRecord(status), () => renderStatus(status));
    });
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
  show
    .command('sessions')
    .description('all sessions, also those whose client is away and may come back')
    .action(async () => {
      const sessions = await request<'sessions'>({ command: 'sessions' });
      print(sessions.map(sessionRecord), () => renderSessions(sessions, now()));
    });

  show
    .command('iroutes')
    .description('the networks behind clients that are connected')
    .action(async () => {
      const users = await request<'users'>({ command: 'users' });
      const routers = users.filter(({ pushed }) => pushed.iroutes.length > 0);
      print(routers.map(iroutesRecord), () => renderIroutes(routers));
    });

  const showIp = show.command('ip').description('addresses that failed to log in');
  showIp
    .command('bans')
    .description('the addresses that are banned now')
    .action(async () => {
      const bans = await request<'ip-bans'>({ command: 'ip-bans' });
      print(
        bans.map((ban) => banRecord(ban, now())),
        () => renderBans(bans, now()),
      );
    });
  showIp
    .command('ban')
    .description('what leads to a ban')
    .command('points')
    .description('all addresses with points, also those that are not banned')
    .action(async () => {
      const points = await request<'ip-ban-points'>({ command: 'ip-ban-points' });
      print(
        points.map((record) => pointsRecord(record, now())),
        () => renderPoints(points, now()),
      );
    });
  program
    .command('unban')
    .description('end a ban')
    .command('ip <address>')
    .description('forget the ban and the points of an address, or of an IPv6 network as listed')
    .action(async (address: string) => {
      const result = await request<'unban'>({ command: 'unban', address });
      print(result, () => `${result.source} may connect again\n`);
    });

  program
    .command('quota')
    .description('what users have used of their quotas')
    .command('reset <user>')
    .description('forget what a user has used in this day, week and month')
    .action(async (user: string) => {
      const result = await request<'quota-reset'>({ command: 'quota-reset', user });
      print(result, () => `the quota of ${result.user} begins anew\n`);
    });

  for (const [command, description, done] of [
    ['disconnect', 'drop the tunnel; the client may come back with its cookie', 'disconnected'],
    ['terminate', 'end the session; its cookie is worth nothing any more', 'terminated'],
  ] as const) {
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

  program
    .command('reload')
    .description('read the configuration and the certificate again')
    .action(async () => {
      const result = await request<'reload'>({ command: 'reload' });
      print(result, () =>
        result.changed.length === 0
          ? 'reloaded; no key has changed\n'
          : `reloaded: ${result.changed.join(', ')}\n`,
      );
    });
  program
    .command('stop')
    .description('stop the server')
    .command('now')
    .description('tell all clients, then stop')
    .action(async () => {
      const result = await request<'stop'>({ command: 'stop' });
      print(result, () => 'the server is stopping\n');
    });
  return program;
}

function parseId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new WolfguardError('BAD_ID', `"${text}" is not a session number: see wolfctl show users`);
}
