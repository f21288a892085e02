// wolfctl show ip: who failed to log in, and from where.
import type { Command } from 'commander';
import { occtlBans, occtlPoints } from '../occtl/tables.ts';
import { banRecord, pointsRecord } from '../records/ban.ts';
import { renderBans, renderPoints } from '../render.ts';
import type { CommandContext } from './context.ts';

export function addShowIp(show: Command, { request, print, now }: CommandContext): void {
  const showIp = show.command('ip').description('addresses that failed to log in');
  showIp
    .command('bans')
    .description('the addresses that are banned now')
    .action(async () => {
      const bans = await request<'ip-bans'>({ command: 'ip-bans' });
      const at = now();
      const records = bans.map((ban) => banRecord(ban, at));
      print(
        records,
        () => renderBans(bans, at),
        () => occtlBans(records),
      );
    });
  showIp
    .command('ban')
    .description('what leads to a ban')
    .command('points')
    .description('all addresses with points, also those that are not banned')
    .action(async () => {
      const points = await request<'ip-ban-points'>({ command: 'ip-ban-points' });
      const records = points.map(pointsRecord);
      print(
        records,
        () => renderPoints(points, now()),
        () => occtlPoints(records),
      );
    });
}
