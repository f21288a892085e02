// The JSON of wolfctl: the names that occtl gives the same things, so that exporters and scripts
// made for it go on working. Names that begin with "_" are for people, "raw_" for programs.
import type { AdminResults, AdminSession, AdminStatus } from '../../core/ipc/admin.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import { formatBytes, formatDuration, formatTime } from './text.ts';

export type JsonRecord = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export function statusRecord(status: AdminStatus): JsonRecord {
  const { statistics } = status;
  const upMs = status.now - status.startedAt;
  return {
    Status: 'online',
    Version: status.version,
    State: status.state,
    ...(status.drainsUntil !== null && {
      'Drain ends': formatTime(status.drainsUntil),
      raw_drain_ends: seconds(status.drainsUntil),
    }),
    'Server PID': status.pid,
    'Sec-mod PID': status.authPid ?? 0,
    'Sec-mod instance count': status.authPid === null ? 0 : 1,
    'Worker PIDs': status.workerPids.map((pid) => String(pid ?? 'starting')),
    'Up since': formatTime(status.startedAt),
    '_Up since': formatDuration(upMs),
    raw_up_since: seconds(status.startedAt),
    uptime: seconds(upMs),
    'Active sessions': status.connected,
    'Total sessions': status.sessions,
    'Total authentication failures': statistics.failedLogins,
    'IPs in ban list': status.bans,
    'Sessions handled': statistics.tunnels,
    'Timed out sessions': statistics.timedOut,
    'Timed out (idle) sessions': statistics.idledOut,
    'Closed due to error sessions': statistics.endedByError,
    'Authentication failures': statistics.failedLogins,
    'Average session time': formatDuration(statistics.averageTunnelMs),
    raw_avg_session_time: seconds(statistics.averageTunnelMs),
    'Max session time': formatDuration(statistics.longestTunnelMs),
    raw_max_session_time: seconds(statistics.longestTunnelMs),
    RX: formatBytes(statistics.rxBytes),
    raw_rx: statistics.rxBytes,
    TX: formatBytes(statistics.txBytes),
    raw_tx: statistics.txBytes,
    'Forwarded packets': status.forwardedPackets,
  };
}

/** For `show users`, `show user` and `show id`. */
export function userRecord(session: AdminSession, now: EpochMs): JsonRecord {
  const { connection, counters, pushed, rules } = session;
  const connectedMs = now - session.since;
  return {
    ID: session.id,
    Username: session.user,
    Groupname: session.group,
    State: stateOf(session),
    vhost: 'default',
    Device: session.device,
    MTU: String(connection?.live?.mtu ?? ''),
    'Remote IP': session.peer.address,
    'Local Device IP': session.local4 ?? session.local6 ?? '',
    IPv4: session.address4 ?? '',
    'P-t-P IPv4': session.local4 ?? '',
    IPv6: session.address6 ?? '',
    'P-t-P IPv6': session.local6 ?? '',
    'User-Agent': session.userAgent,
    RX: String(counters.rxBytes),
    TX: String(counters.txBytes),
    _RX: formatBytes(counters.rxBytes),
    _TX: formatBytes(counters.txBytes),
    'Average RX': averageOf(counters.rxBytes, now - session.loginAt),
    'Average TX': averageOf(counters.txBytes, now - session.loginAt),
    DPD: String(seconds(pushed.dpdMs)),
    KeepAlive: String(seconds(pushed.keepaliveMs)),
    Hostname: session.hostname,
    'Connected at': formatTime(session.since),
    '_Connected at': formatDuration(connectedMs),
    raw_connected_at: seconds(session.since),
    'Session started at': formatTime(session.loginAt),
    '_Session started at': formatDuration(now - session.loginAt),
    raw_session_started_at: seconds(session.loginAt),
    'TLS ciphersuite':
      connection === null ? '' : `${connection.tlsVersion} ${connection.tlsCipher}`,
    'DTLS cipher': connection?.live?.dtlsCipher ?? '',
    Channel: connection?.live?.channel ?? '',
    Worker: connection?.worker ?? -1,
    DNS: pushed.dns,
    NBNS: pushed.nbns,
    'Split-DNS-Domains': pushed.splitDns,
    Routes: pushed.routes.length === 0 ? 'defaultroute' : listed(pushed.routes, pushed.routeCount),
    'No-routes': listed(pushed.noRoutes, pushed.noRouteCount),
    iRoutes: pushed.iroutes,
    'Restricted to routes': rules.enforceRoutes ? 'True' : 'False',
    'Restricted to ports': [...rules.allow, ...rules.deny.map((rule) => `!(${rule})`)].join(', '),
    'Client to client': rules.clientToClient ? 'True' : 'False',
    'Denied packets': counters.deniedPackets,
    ...endingRecord(session, now),
    ...quotaRecord(session),
  };
}

/** For `show iroutes`. */
export const iroutesRecord = (session: AdminSession): JsonRecord => ({
  ID: session.id,
  Username: session.user,
  vhost: 'default',
  Device: session.device,
  IP: session.address4 ?? session.address6 ?? '',
  iRoutes: session.pushed.iroutes,
});

/** Fields of our own, for those who have a time limit or a quota. */
const endingRecord = ({ endsAt }: AdminSession, now: EpochMs): JsonRecord =>
  endsAt === null
    ? {}
    : {
        'Ends at': formatTime(endsAt),
        '_Ends at': `in ${formatDuration(endsAt - now)}`,
        raw_ends_at: seconds(endsAt),
      };

const quotaRecord = ({ quota }: AdminSession): JsonRecord =>
  quota === null
    ? {}
    : {
        Quota: `${formatBytes(quota.used)} of ${formatBytes(quota.bytes)} this ${quota.per}, until ${formatTime(quota.until)}`,
        raw_quota: quota.bytes,
        raw_quota_used: quota.used,
        raw_quota_until: seconds(quota.until),
      };

/** For `show sessions`. The cookie, which occtl shows here, is known to nobody but the client. */
export function sessionRecord(session: AdminSession): JsonRecord {
  return {
    Session: String(session.id),
    Created: formatTime(session.loginAt),
    raw_created: seconds(session.loginAt),
    State: stateOf(session),
    Username: session.user,
    Groupname: session.group,
    vhost: 'default',
    'User-Agent': session.userAgent,
    'Remote IP': session.peer.address,
    IPv4: session.address4 ?? '',
    IPv6: session.address6 ?? '',
    session_is_open: session.state === 'connected',
    in_use: session.state === 'connected' ? 1 : 0,
    Expires: session.expiresAt === null ? '' : formatTime(session.expiresAt),
  };
}

/** For `show ip bans`. */
export const banRecord = (ban: AdminResults['ip-bans'][number], now: EpochMs): JsonRecord => ({
  IP: ban.source,
  Since: formatTime(ban.since),
  _Since: formatDuration(now - ban.since),
  raw_since: seconds(ban.since),
  Score: ban.score,
});

/** For `show ip ban points`; Since is the begin of a ban, or the time of the last points. */
export const pointsRecord = (
  { at: since, banned, ...record }: AdminResults['ip-ban-points'][number],
  now: EpochMs,
): JsonRecord => ({ ...banRecord({ ...record, since }, now), Banned: banned });

/** "waiting" is a client that may come back; occtl calls it so, too, in other words. */
export const stateOf = (session: AdminSession): string =>
  session.state === 'connected' ? 'connected' : 'disconnected';

const listed = (first: readonly string[], count: number): readonly string[] =>
  count > first.length ? [...first, `and ${count - first.length} more`] : first;

const seconds = (durationMs: Milliseconds): number => Math.floor(durationMs / 1000);

const averageOf = (bytes: number, durationMs: Milliseconds): string =>
  `${formatBytes(Math.round(bytes / Math.max(1, durationMs / 1000)))}/sec`;
