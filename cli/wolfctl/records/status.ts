import type { AdminStatus } from '../../../core/ipc/admin.ts';
import { formatBytes, formatTime } from '../text.ts';
import { durationFields, formatAge, seconds, timeFields } from './record.ts';
import type { JsonRecord } from './record.ts';

/** For `show status`. Counters run since the start, which so is their last reset, too. */
export function statusRecord(status: AdminStatus, { debug }: { debug: boolean }): JsonRecord {
  const { statistics, startedAt, now } = status;
  return {
    Status: 'online',
    Version: status.version,
    State: status.state,
    ...(status.drainsUntil !== null &&
      timeFields('Drain ends', 'raw_drain_ends', status.drainsUntil, now)),
    'Server PID': status.pid,
    'Sec-mod PID': status.authPid ?? 0,
    'Sec-mod instance count': status.authPid === null ? 0 : 1,
    'Worker PIDs': status.workerPids.map((pid) => String(pid ?? 'starting')),
    'Up since': formatTime(startedAt),
    '_Up since': formatAge(now - startedAt),
    raw_up_since: seconds(startedAt),
    uptime: seconds(now - startedAt),
    'Active sessions': status.connected,
    'Total sessions': statistics.closedTunnels,
    'Total authentication failures': statistics.failedLogins,
    'IPs in ban list': status.bans,
    ...(debug && { 'Sec-mod client entries': status.sessions }),
    ...timeFields('Last stats reset', 'raw_last_stats_reset', startedAt, now),
    'Sessions handled': statistics.closedTunnels,
    'Timed out sessions': statistics.timedOut,
    'Timed out (idle) sessions': statistics.idledOut,
    'Closed due to error sessions': statistics.endedByError,
    'Authentication failures': statistics.failedLogins,
    ...durationFields('Average auth time', 'raw_avg_auth_time', statistics.averageLoginMs),
    ...durationFields('Max auth time', 'raw_max_auth_time', statistics.longestLoginMs),
    ...durationFields('Average session time', 'raw_avg_session_time', statistics.averageTunnelMs),
    ...durationFields('Max session time', 'raw_max_session_time', statistics.longestTunnelMs),
    ...(statistics.mtu && { 'Min MTU': statistics.mtu.min, 'Max MTU': statistics.mtu.max }),
    RX: formatBytes(statistics.rxBytes),
    raw_rx: statistics.rxBytes,
    TX: formatBytes(statistics.txBytes),
    raw_tx: statistics.txBytes,
    Sessions: status.sessions,
    Logins: statistics.logins,
    'Forwarded packets': status.forwardedPackets,
  };
}
