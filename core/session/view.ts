// A session as administrators see it: plain data, addresses as text, and for a connected one what
// its worker just said about the tunnel.
import type { Peer, TunnelCounters, TunnelStatus } from '../ipc/messages.ts';
import { formatCidr, formatIp } from '../net/address.ts';
import { formatAclRule } from '../policy/acl_rule.ts';
import type { Quota } from '../policy/quota.ts';
import type { Bytes, EpochMs, Milliseconds } from '../units.ts';
import { addCounters, groupOf } from './session.ts';
import type { Session } from './session.ts';

export interface SessionView {
  readonly id: number;
  /** What people call it by instead of its cookie, to which it does not lead: 28 characters. */
  readonly publicId: string;
  /** The virtual host of the login; '' = the main server. */
  readonly vhost: string;
  readonly user: string;
  readonly group: string;
  readonly groups: readonly string[];
  readonly state: 'connected' | 'waiting';
  readonly address4: string | null;
  readonly address6: string | null;
  /** The client's outside end, the last known one when it is waiting. */
  readonly peer: Peer;
  /** Our own address that its last CONNECT came to; '' = there was none in this run. */
  readonly outsideAddress: string;
  /** The name of the TUN device. */
  readonly device: string;
  readonly loginAt: EpochMs;
  /** When it came into its state. */
  readonly since: EpochMs;
  /** When the cookie dies; null while connected. */
  readonly expiresAt: EpochMs | null;
  /** When session_timeout, hours or expires ends it; null = never. */
  readonly endsAt: EpochMs | null;
  readonly userAgent: string;
  readonly hostname: string;
  readonly platform: string;
  readonly mobile: boolean;
  /** All tunnels of the session together, the current one included where its worker answered. */
  readonly counters: TunnelCounters;
  /** null: the policy has none. */
  readonly quota: QuotaView | null;
  readonly connection: ConnectionView | null;
  readonly pushed: PushedView;
  readonly rules: RulesView;
  readonly limits: LimitsView;
}

/** What the user may move in the present period, all sessions together, and has moved. */
export interface QuotaView extends Quota {
  readonly used: Bytes;
  /** When it begins anew. */
  readonly until: EpochMs;
}

/** What the client is told to do, by the policy that was frozen at its login. */
export interface PushedView {
  readonly dns: readonly string[];
  readonly nbns: readonly string[];
  readonly splitDns: readonly string[];
  /** Empty = the default route. The first of them, and how many there are. */
  readonly routes: readonly string[];
  readonly routeCount: number;
  readonly noRoutes: readonly string[];
  /** Not told to the client: what lies behind it. */
  readonly iroutes: readonly string[];
  readonly noRouteCount: number;
  readonly dpdMs: Milliseconds;
  readonly keepaliveMs: Milliseconds;
}

/** How much the client may move; null = as much as it can. */
export interface LimitsView {
  readonly rxBitsPerSecond: number | null;
  readonly txBitsPerSecond: number | null;
}

/** What the client may send, by the same policy; rules as in the configuration. */
export interface RulesView {
  readonly enforceRoutes: boolean;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly clientToClient: boolean;
}

export interface ConnectionView {
  readonly worker: number;
  readonly tunnel: number;
  readonly tlsVersion: string;
  readonly tlsCipher: string;
  /** Known once the worker has answered; else null. */
  readonly live: {
    readonly channel: 'dtls' | 'tls';
    readonly dtlsCipher: string;
    readonly mtu: number;
    /** By channel: the algorithm, null = none. */
    readonly compression: { readonly tls: string | null; readonly dtls: string | null };
  } | null;
}

/** What a session does not know about itself. */
export interface SessionSurroundings {
  readonly publicId: string;
  readonly device: string;
  /** Of the tunnel that carries the session now; undefined when it is not known. */
  readonly status: TunnelStatus | undefined;
  readonly quota: QuotaView | null;
}

export function renderSession(
  session: Session,
  { publicId, device, status, quota }: SessionSurroundings,
): SessionView {
  const { state, client, policy } = session;
  return {
    id: session.session,
    publicId,
    vhost: session.vhost,
    user: session.user,
    group: groupOf(session),
    groups: session.groups,
    state: state.kind,
    address4: session.inside4 && formatIp(session.inside4),
    address6: session.inside6 && formatIp(session.inside6),
    peer: session.peer,
    outsideAddress: session.localAddress,
    device,
    loginAt: session.loginAt,
    since: state.since,
    expiresAt: state.kind === 'waiting' ? state.expiresAt : null,
    endsAt: session.ending?.at ?? null,
    quota,
    userAgent: client.userAgent,
    hostname: client.hostname,
    platform: client.platform,
    mobile: client.mobile,
    counters: status === undefined ? session.totals : addCounters(session.totals, status),
    connection: renderConnection(state, status),
    pushed: renderPushed(session),
    rules: renderRules(session),
    limits: { rxBitsPerSecond: policy.rx_limit, txBitsPerSecond: policy.tx_limit },
  };
}

function renderPushed({ policy, client }: Session): PushedView {
  return {
    dns: policy.dns.map(formatIp),
    nbns: policy.nbns.map(formatIp),
    splitDns: policy.split_dns,
    iroutes: policy.iroutes.map(formatCidr),
    routes: firstOf(policy.routes, formatCidr),
    routeCount: policy.routes.length,
    noRoutes: firstOf(policy.no_routes, formatCidr),
    noRouteCount: policy.no_routes.length,
    dpdMs: client.mobile ? policy.mobile_dpd : policy.dpd,
    keepaliveMs: policy.keepalive,
  };
}

const renderRules = ({ policy }: Session): RulesView => ({
  enforceRoutes: policy.enforce_routes,
  allow: firstOf(policy.allow, formatAclRule),
  deny: firstOf(policy.deny, formatAclRule),
  clientToClient: policy.client_to_client,
});

/** Enough for people; thousands of sessions with thousands of routes must stay a small answer. */
const MOST_SHOWN = 50;

/** Sessions share their lists: each is rendered once. */
const shown = new WeakMap<readonly unknown[], readonly string[]>();

function firstOf<T>(list: readonly T[], format: (item: T) => string): readonly string[] {
  const known = shown.get(list);
  if (known !== undefined) return known;
  const texts = list.slice(0, MOST_SHOWN).map(format);
  shown.set(list, texts);
  return texts;
}

function renderConnection(
  state: Session['state'],
  status: TunnelStatus | undefined,
): ConnectionView | null {
  if (state.kind === 'waiting') return null;
  return {
    worker: state.worker,
    tunnel: state.tunnel,
    tlsVersion: state.tls.version,
    tlsCipher: state.tls.cipher,
    live: status === undefined ? null : renderLive(status),
  };
}

const renderLive = (status: TunnelStatus): NonNullable<ConnectionView['live']> => ({
  channel: status.channel,
  dtlsCipher: status.dtlsCipher,
  mtu: status.mtu,
  compression: status.compression ?? NOT_COMPRESSED,
});

const NOT_COMPRESSED = { tls: null, dtls: null };
