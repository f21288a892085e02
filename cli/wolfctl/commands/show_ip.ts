// wolfctl show ip: who failed to log in, and from where.
import type { Command } from 'commander';
import { banRecord, pointsRecord } from '../records.ts';
import { renderBans, renderPoints } from '../render.ts';
import type { CommandContext } from './context.ts';

export function addShowIp(show: Command, { request, print, now }: CommandContext): void {
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
}
