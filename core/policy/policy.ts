// What one session is given. The names are those of [policy] in wolfguard.toml, so that a key is
// found by one search in the file, the schema table and the code. Frozen when the session opens.
import type { Cidr, IpAddress } from '../net/address.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import type { AclRule } from './acl_rule.ts';
import type { Hours } from './hours.ts';
import type { Quota } from './quota.ts';

export interface SessionPolicy {
  /** Sent as split-include; empty, or holding 0.0.0.0/0 or ::/0, means the default route. */
  readonly routes: readonly Cidr[];
  readonly no_routes: readonly Cidr[];
  /** What the client sends outside its routes, or inside no_routes, is dropped. */
  readonly enforce_routes: boolean;
  /** What the client may send; empty = everything that `deny` does not name. */
  readonly allow: readonly AclRule[];
  /** What the client may not send, whatever `allow` says. */
  readonly deny: readonly AclRule[];
  /** false: nothing passes between this client and others. */
  readonly client_to_client: boolean;
  readonly dns: readonly IpAddress[];
  readonly nbns: readonly IpAddress[];
  readonly search_domains: readonly string[];
  readonly split_dns: readonly string[];
  readonly banner: string;
  /** Upper bound of the link MTU outside; 0 = from the path [oc 5.5]. */
  readonly mtu: number;
  /** A fixed address inside; null = one from the pool. */
  readonly address: IpAddress | null;
  readonly address6: IpAddress | null;
  /** Prefix length of the network that comes with address6; 0 = as its pool gives it, else none. */
  readonly address6_prefix: number;
  /** Networks behind the client. */
  readonly iroutes: readonly Cidr[];
  /** Bits per second from the client; null = no limit. */
  readonly rx_limit: number | null;
  /** Bits per second to the client; null = no limit. */
  readonly tx_limit: number | null;
  /** What all sessions of the user together may move; null = no limit. */
  readonly quota: Quota | null;
  /** When the user may be connected; null = always. */
  readonly hours: Hours | null;
  /** When the account is closed; null = never. */
  readonly expires: EpochMs | null;
  readonly tunnel_all_dns: boolean;
  readonly client_bypass: boolean;
  readonly keepalive: Milliseconds;
  readonly dpd: Milliseconds;
  readonly mobile_dpd: Milliseconds;
  readonly idle_timeout: Milliseconds;
  readonly mobile_idle_timeout: Milliseconds;
  readonly session_timeout: Milliseconds;
  readonly rekey: Milliseconds;
  readonly rekey_method: 'new-tunnel' | 'ssl';
  readonly switch_to_tcp: Milliseconds;
  /** DSCP of the packets outside, 0 to 63; null = as the system marks its own. */
  readonly dscp: number | null;
  /** Packets may be compressed, on both channels. */
  readonly compression: boolean;
  /** false: this session gets no DTLS channel. */
  readonly udp: boolean;
  /** Sessions per user; 0 = no limit. */
  readonly max_sessions: number;
  /** Proxy settings for the client, with {user} and {group}; '' = none. */
  readonly proxy_pac_url: string;
  /** More lines of the CONNECT answer by name, with {user} and {group}. */
  readonly headers: Readonly<Record<string, string>>;
  /** The file of the AnyConnect profile that is offered; null = none. */
  readonly user_profile: string | null;
}

/** What may be long, and is the same for all sessions of a group: see core/policy/acl.ts. */
export type PolicyLists = Pick<
  SessionPolicy,
  'routes' | 'no_routes' | 'enforce_routes' | 'allow' | 'deny' | 'client_to_client' | 'dns' | 'nbns'
>;

/** The lists of a policy, and nothing else of it. */
export const listsOf = (policy: PolicyLists): PolicyLists => ({
  routes: policy.routes,
  no_routes: policy.no_routes,
  enforce_routes: policy.enforce_routes,
  allow: policy.allow,
  deny: policy.deny,
  client_to_client: policy.client_to_client,
  dns: policy.dns,
  nbns: policy.nbns,
});

/** Everything goes through the tunnel but no_routes: there are no routes, or one is everything. */
export const hasDefaultRoute = (policy: Pick<SessionPolicy, 'routes'>): boolean =>
  policy.routes.length === 0 || namesDefaultRoute(policy);

/** Somebody has written that everything goes through the tunnel. */
export const namesDefaultRoute = ({ routes }: Pick<SessionPolicy, 'routes'>): boolean =>
  routes.some(({ prefix }) => prefix === 0);
