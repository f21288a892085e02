// A session in the plain words that scripts and plugins read.
import { contains, formatCidr, formatIp } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import { serverAddress } from '../net/pool.ts';
import type { SessionInfo } from '../plugin/plugin.ts';
import { formatAclRule } from '../policy/acl_rule.ts';
import { groupOf } from '../session/session.ts';
import type { Session } from '../session/session.ts';

/** What a session does not know about where it is. */
export interface SessionSurroundings {
  readonly device: string;
  /** The address pools; the first address of each is the server's. */
  readonly pools: readonly Cidr[];
  /** Of an IPv6 lease from a pool. */
  readonly prefix6: number;
}

/** `outside.local` is '' for a session of an earlier run that has not come back yet. */
export function sessionInfo(session: Session, around: SessionSurroundings): SessionInfo {
  const { client, peer, policy, inside4, inside6 } = session;
  const { enforce_routes, allow, deny } = policy;
  const local = (address: IpAddress): string => localAddress(around.pools, address);
  return {
    id: session.session,
    vhost: session.vhost,
    user: session.user,
    group: groupOf(session),
    groups: session.groups,
    loginAt: session.loginAt,
    outside: { address: peer.address, port: peer.port, local: session.localAddress },
    inside4: inside4 && { address: formatIp(inside4), local: local(inside4) },
    inside6: inside6 && {
      address: formatIp(inside6),
      local: local(inside6),
      prefix: policy.address6 === null ? around.prefix6 : policy.address6_prefix,
    },
    device: around.device,
    client: {
      userAgent: client.userAgent,
      hostname: client.hostname,
      platform: client.platform,
      deviceType: client.deviceType,
      mobile: client.mobile,
    },
    routes: policy.routes.map(formatCidr),
    noRoutes: policy.no_routes.map(formatCidr),
    dns: policy.dns.map(formatIp),
    enforceRoutes: enforce_routes,
    allow: allow.map(formatAclRule),
    deny: deny.map(formatAclRule),
  };
}

function localAddress(pools: readonly Cidr[], inside: IpAddress): string {
  const pool = pools.find((candidate) => contains(candidate, inside));
  return pool === undefined ? '' : formatIp(serverAddress(pool));
}
