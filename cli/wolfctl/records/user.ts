import type { AdminSession } from '../../../core/ipc/admin.ts';
import type { EpochMs } from '../../../core/units.ts';
import { formatBytes, formatTime, formatDuration } from '../text.ts';
import { nameOf, seconds, shortId, timeFields, vhostOf, told } from './record.ts';
import type { JsonRecord } from './record.ts';

/** For `show users`, `show user`, `show id` and the sessions of events. */
export function userRecord(session: AdminSession, now: EpochMs): JsonRecord {
  const { connection, counters, pushed, rules } = session;
  const live = connection?.live ?? null;
  return {
    ID: session.id,
    Username: nameOf(session.user),
    Groupname: nameOf(session.group),
    State: stateOf(session),
    vhost: vhostOf(session),
    Device: session.device,
    MTU: live === null ? undefined : String(live.mtu),
    'Remote IP': session.peer.address,
    'Local Device IP': told(session.outsideAddress),
    IPv4: session.address4 ?? undefined,
    'P-t-P IPv4': session.local4 ?? undefined,
    IPv6: session.address6 ?? undefined,
    'P-t-P IPv6': session.local6 ?? undefined,
    'User-Agent': told(session.userAgent),
    ...limitFields(session),
    RX: String(counters.rxBytes),
    TX: String(counters.txBytes),
    _RX: formatBytes(counters.rxBytes),
    _TX: formatBytes(counters.txBytes),
    'Average RX': averageOf(counters.rxBytes, now - session.loginAt),
    'Average TX': averageOf(counters.txBytes, now - session.loginAt),
    DPD: String(seconds(pushed.dpdMs)),
    KeepAlive: String(seconds(pushed.keepaliveMs)),
    Hostname: told(session.hostname),
    // Two names for one thing: before occtl 1.2, and since.
    ...timeFields('Connected at', 'raw_connected_at', session.since, now),
    ...timeFields('Last connected at', 'raw_connected_at', session.since, now),
    ...timeFields('Session started at', 'raw_session_started_at', session.loginAt, now),
    'Full session': session.publicId,
    Session: shortId(session),
    'TLS ciphersuite':
      connection === null ? undefined : `${connection.tlsVersion} ${connection.tlsCipher}`,
    'DTLS cipher': told(live?.dtlsCipher ?? ''),
    'CSTP compression': live?.compression.tls ?? undefined,
    'DTLS compression': live?.compression.dtls ?? undefined,
    Channel: live?.channel,
    Worker: connection?.worker ?? -1,
    DNS: pushed.dns,
    NBNS: pushed.nbns,
    'Split-DNS-Domains': pushed.splitDns,
    Routes: pushed.routes.length === 0 ? 'defaultroute' : listed(pushed.routes, pushed.routeCount),
    'No-routes': listed(pushed.noRoutes, pushed.noRouteCount),
    iRoutes: pushed.iroutes,
    'Restricted to routes': rules.enforceRoutes ? 'True' : 'False',
    'Restricted to ports': [...rules.allow, ...rules.deny.map((rule) => `!(${rule})`)],
    'Client to client': rules.clientToClient ? 'True' : 'False',
    'Denied packets': counters.deniedPackets,
    ...endingFields(session, now),
    ...quotaFields(session),
  };
}

/** For `show iroutes`. */
export const iroutesRecord = (session: AdminSession): JsonRecord => ({
  ID: session.id,
  Username: nameOf(session.user),
  vhost: vhostOf(session),
  Device: session.device,
  IP: session.address4 ?? session.address6 ?? undefined,
  iRoutes: session.pushed.iroutes,
});

/** "waiting" is a client that may come back; occtl calls it so, too, in other words. */
export const stateOf = (session: AdminSession): string =>
  session.state === 'connected' ? 'connected' : 'disconnected';

const limitFields = ({ limits }: AdminSession): JsonRecord => ({
  'Limit RX': limitOf(limits.rxBitsPerSecond),
  'Limit TX': limitOf(limits.txBitsPerSecond),
});

const limitOf = (bitsPerSecond: number | null): string | undefined =>
  bitsPerSecond === null ? undefined : `${formatBytes(Math.floor(bitsPerSecond / 8))}/sec`;

/** Fields of our own, for those who have a time limit or a quota. */
const endingFields = ({ endsAt }: AdminSession, now: EpochMs): JsonRecord =>
  endsAt === null
    ? {}
    : {
        'Ends at': formatTime(endsAt),
        '_Ends at': `in ${formatDuration(endsAt - now)}`,
        raw_ends_at: seconds(endsAt),
      };

const quotaFields = ({ quota }: AdminSession): JsonRecord =>
  quota === null
    ? {}
    : {
        Quota: `${formatBytes(quota.used)} of ${formatBytes(quota.bytes)} this ${quota.per}, until ${formatTime(quota.until)}`,
        raw_quota: quota.bytes,
        raw_quota_used: quota.used,
        raw_quota_until: seconds(quota.until),
      };

const listed = (first: readonly string[], count: number): readonly string[] =>
  count > first.length ? [...first, `and ${count - first.length} more`] : first;

const averageOf = (bytes: number, durationMs: number): string =>
  `${formatBytes(Math.round(bytes / Math.max(1, durationMs / 1000)))}/sec`;
