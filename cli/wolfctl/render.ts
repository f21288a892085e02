// What wolfctl prints for people.
import type { AdminResults, AdminSession, AdminStatus } from '../../core/ipc/admin.ts';
import type { EpochMs } from '../../core/units.ts';
import { shortId } from './records/record.ts';
import type { JsonRecord } from './records/record.ts';
import { stateOf, userRecord } from './records/user.ts';
import { renderFields, renderTable } from '../terminal/table.ts';
import { formatBytes, formatDuration, formatTime } from './text.ts';

/** What may be shortened where a terminal has no room. */
const USER = { text: 'user' };
const GROUP = { text: 'group' };

export function renderStatus(status: AdminStatus): string {
  const { statistics } = status;
  return renderFields({
    Server: `wolfguard ${status.version}, process ${status.pid}`,
    State: stateOfServer(status),
    'Up since': `${formatTime(status.startedAt)} (${formatDuration(status.now - status.startedAt)})`,
    'Auth process': String(status.authPid ?? 'starting'),
    Workers: status.workerPids.map((pid) => pid ?? 'starting').join(' '),
    Connected: String(status.connected),
    Sessions: String(status.sessions),
    Logins: `${statistics.logins} (${statistics.failedLogins} refused)`,
    Tunnels: `${statistics.tunnels} since the start`,
    'Ended by': `timeout ${statistics.timedOut}, idleness ${statistics.idledOut}, error ${statistics.endedByError}`,
    'Login time': `${formatDuration(statistics.averageLoginMs)} on average, ${formatDuration(statistics.longestLoginMs)} at most`,
    'Tunnel time': `${formatDuration(statistics.averageTunnelMs)} on average, ${formatDuration(statistics.longestTunnelMs)} at most`,
    Bans: String(status.bans),
    'From clients': formatBytes(statistics.rxBytes),
    'To clients': formatBytes(statistics.txBytes),
    'Forwarded packets': String(status.forwardedPackets),
  });
}

/** "draining, 12m 5s left" */
function stateOfServer({ state, drainsUntil, now }: AdminStatus): string {
  if (state !== 'draining') return state;
  return drainsUntil === null
    ? 'draining, until the last session has ended'
    : `draining, ${formatDuration(drainsUntil - now)} left`;
}

export function renderUsers(
  sessions: readonly AdminSession[],
  now: EpochMs,
  columns?: number,
): string {
  if (sessions.length === 0) return 'Nobody is connected.\n';
  return renderTable(
    ['id', USER, GROUP, 'from', 'address', 'since', 'channel', 'rx', 'tx'],
    sessions.map((session) => [
      String(session.id),
      session.user,
      session.group || '-',
      session.peer.address,
      session.address4 ?? session.address6 ?? '-',
      formatDuration(now - session.since),
      session.connection?.live?.channel ?? '-',
      formatBytes(session.counters.rxBytes),
      formatBytes(session.counters.txBytes),
    ]),
    columns,
  );
}

export function renderSessions(
  sessions: readonly AdminSession[],
  now: EpochMs,
  columns?: number,
): string {
  if (sessions.length === 0) return 'There are no sessions.\n';
  return renderTable(
    ['id', 'session', USER, GROUP, 'from', 'address', 'state', 'login', 'cookie ends'],
    sessions.map((session) => [
      String(session.id),
      shortId(session),
      session.user,
      session.group || '-',
      session.peer.address,
      session.address4 ?? session.address6 ?? '-',
      stateOf(session),
      formatTime(session.loginAt),
      session.expiresAt === null ? '-' : `in ${formatDuration(session.expiresAt - now)}`,
    ]),
    columns,
  );
}

export function renderIroutes(sessions: readonly AdminSession[], columns?: number): string {
  if (sessions.length === 0) return 'There are no networks behind clients.\n';
  return renderTable(
    ['id', USER, 'device', 'address', { text: 'networks' }],
    sessions.map((session) => [
      String(session.id),
      session.user,
      session.device,
      session.address4 ?? session.address6 ?? '-',
      session.pushed.iroutes.join(' '),
    ]),
    columns,
  );
}

export function renderBans(bans: AdminResults['ip-bans'], now: EpochMs): string {
  if (bans.length === 0) return 'Nobody is banned.\n';
  return renderTable(
    ['address', 'points', 'banned since'],
    bans.map(({ source, score, since }) => [source, String(score), formatDuration(now - since)]),
  );
}

export function renderPoints(points: AdminResults['ip-ban-points'], now: EpochMs): string {
  if (points.length === 0) return 'Nobody has points.\n';
  return renderTable(
    ['address', 'points', 'last', 'banned'],
    points.map(({ source, score, at, banned }) => [
      source,
      String(score),
      `${formatDuration(now - at)} ago`,
      banned ? 'yes' : 'no',
    ]),
  );
}

/** Every field of each session, a blank line between them. */
export function renderUserDetails(sessions: readonly AdminSession[], now: EpochMs): string {
  return sessions.map((session) => renderFields(fieldsOf(session, now))).join('\n');
}

/** The same for `show session`. */
export const renderSessionDetails = (sessions: readonly JsonRecord[]): string =>
  sessions.map((session) => renderFields(textsOf(session))).join('\n');

function textsOf(record: JsonRecord): Record<string, string> {
  const entries = Object.entries(record)
    .filter(([name, value]) => value !== undefined && !/^(raw)?_/.test(name))
    .map(
      ([name, value]) => [name, Array.isArray(value) ? value.join(' ') : String(value)] as const,
    );
  return Object.fromEntries(entries);
}

function fieldsOf(session: AdminSession, now: EpochMs): Record<string, string> {
  const fields = textsOf(userRecord(session, now));
  // occtl's older name for the same.
  delete fields['Connected at'];
  return {
    ...fields,
    RX: formatBytes(session.counters.rxBytes),
    TX: formatBytes(session.counters.txBytes),
    'Last connected at': `${formatTime(session.since)} (${formatDuration(now - session.since)})`,
  };
}
