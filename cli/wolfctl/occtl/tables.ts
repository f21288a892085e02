// The tables of wolfctl when it is called as occtl.
import type { AdminSession } from '../../../core/ipc/admin.ts';
import type { EpochMs } from '../../../core/units.ts';
import { formatAge, nameOf, shortId, vhostOf } from '../records/record.ts';
import type { JsonRecord } from '../records/record.ts';
import { stateOf } from '../records/user.ts';
import { occtlTable } from './columns.ts';

const insideOf = ({ address4, address6 }: AdminSession): string => address4 ?? address6 ?? '';

export const occtlUsers = (users: readonly AdminSession[], now: EpochMs): string =>
  occtlTable(
    [8, 8, 8, 14, 14, 6, 7, 14, 9],
    ['id', 'user', 'vhost', 'ip', 'vpn-ip', 'device', 'since', 'dtls-cipher', 'status'],
    users.map((user) => [
      String(user.id),
      nameOf(user.user),
      vhostOf(user),
      user.peer.address,
      insideOf(user),
      user.device,
      formatAge(now - user.since),
      user.connection?.live?.dtlsCipher || '(no-dtls)',
      stateOf(user),
    ]),
  );

/** So much of what a client calls itself has its place in the table. */
const USER_AGENT_WIDTH = 24;

export const occtlSessions = (sessions: readonly AdminSession[], now: EpochMs): string =>
  occtlTable(
    [6, 8, 8, 14, USER_AGENT_WIDTH, 8, 8],
    ['session', 'user', 'vhost', 'ip', 'user agent', 'created', 'status'],
    sessions.map((session) => [
      shortId(session),
      nameOf(session.user),
      vhostOf(session),
      session.peer.address,
      session.userAgent.slice(0, USER_AGENT_WIDTH),
      formatAge(now - session.loginAt),
      'authenticated',
    ]),
  );

/** A line for each network. */
export const occtlIroutes = (routers: readonly AdminSession[]): string =>
  occtlTable(
    [6, 8, 8, 6, 16, 28],
    ['id', 'user', 'vhost', 'device', 'vpn-ip', 'iroute'],
    routers.flatMap((router) =>
      router.pushed.iroutes.map((iroute) => [
        String(router.id),
        nameOf(router.user),
        vhostOf(router),
        router.device,
        insideOf(router),
        iroute,
      ]),
    ),
  );

export const occtlBans = (bans: readonly JsonRecord[]): string =>
  occtlTable(
    [14, 14, 30],
    ['IP', 'score', 'expires'],
    bans.map((ban) => [
      String(ban['IP']),
      String(ban['Score']),
      `${String(ban['Since'])} (${String(ban['_Since'])})`,
    ]),
  );

export const occtlPoints = (points: readonly JsonRecord[]): string =>
  occtlTable(
    [14, 14],
    ['IP', 'score'],
    points.map((record) => [String(record['IP']), String(record['Score'])]),
  );
