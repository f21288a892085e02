// What a policy says to one packet, and why. The engine decides by a program that acl_program.ts
// makes of the same policy; tests hold the two against each other.
//
// In this order, the first that speaks decides:
//
//   1  a packet that cannot be judged: its headers hide where it goes, or what it is → denied
//   2  client_to_client = false: where it goes belongs to a client → denied
//   3  enforce_routes: inside no_routes, or outside all routes → denied
//   4  a rule of deny → denied
//   5  a rule of allow → allowed; none, though there are some → denied
//
// Rules judge what the client sends. What comes to it passes, but from other clients with
// client_to_client = false. So answers need no rule, and answers of the client to connections that
// others began do need one: there is no state.
import { bitsOf, contains } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import { ACL_PROTOCOLS } from './acl_rule.ts';
import type { AclRule } from './acl_rule.ts';
import { hasDefaultRoute } from './policy.ts';
import type { PolicyLists } from './policy.ts';

/** A packet that a client sends. */
export interface AclPacket {
  readonly destination: IpAddress;
  /** The number of the transport protocol. */
  readonly protocol: number;
  /** The port it goes to; null = it shows none, as all fragments but the first. */
  readonly port: number | null;
}

/** Addresses that are clients', or may be: client_to_client is about these. */
export interface ClientNetworks {
  readonly networks: readonly Cidr[];
  /** Our own addresses inside them. */
  readonly servers: readonly IpAddress[];
}

export type AclReason =
  | { readonly kind: 'client'; readonly network: Cidr }
  | { readonly kind: 'no-route'; readonly network: Cidr }
  | { readonly kind: 'outside-routes' }
  | { readonly kind: 'denied-by'; readonly rule: AclRule }
  | { readonly kind: 'allowed-by'; readonly rule: AclRule }
  | { readonly kind: 'not-allowed' }
  | { readonly kind: 'no-rules' };

export interface AclVerdict {
  readonly allowed: boolean;
  readonly reason: AclReason;
  /** The route that holds the destination: enforce_routes or not, the client is told of it. */
  readonly route: Cidr | null;
}

/** Rule by rule, in the words of the configuration. For packets one asks about, not for traffic. */
export function judge(policy: PolicyLists, clients: ClientNetworks, packet: AclPacket): AclVerdict {
  const { destination } = packet;
  const route = enforcedRoutes(policy).find((network) => contains(network, destination)) ?? null;
  const denied = (reason: AclReason): AclVerdict => ({ allowed: false, reason, route });
  const client = policy.client_to_client ? undefined : clientNetworkOf(clients, destination);
  if (client !== undefined) return denied({ kind: 'client', network: client });
  if (policy.enforce_routes) {
    const network = policy.no_routes.find((excluded) => contains(excluded, destination));
    if (network !== undefined) return denied({ kind: 'no-route', network });
    if (!hasDefaultRoute(policy) && route === null) return denied({ kind: 'outside-routes' });
  }
  const deny = policy.deny.find((rule) => matches(rule, packet, true));
  if (deny !== undefined) return denied({ kind: 'denied-by', rule: deny });
  const allow = policy.allow.find((rule) => matches(rule, packet, false));
  if (allow !== undefined)
    return { allowed: true, reason: { kind: 'allowed-by', rule: allow }, route };
  if (policy.allow.length > 0) return denied({ kind: 'not-allowed' });
  return { allowed: true, reason: { kind: 'no-rules' }, route };
}

/** Name servers are routes too: clients send their questions into the tunnel. */
export const enforcedRoutes = ({ routes, dns, nbns }: PolicyLists): Cidr[] => [
  ...routes,
  ...[...dns, ...nbns].map((address) => ({ address, prefix: bitsOf(address.family) })),
];

/** The network of clients that holds an address; undefined for our own addresses. */
function clientNetworkOf(clients: ClientNetworks, address: IpAddress): Cidr | undefined {
  const isOurs = clients.servers.some(
    ({ family, value }) => family === address.family && value === address.value,
  );
  return isOurs ? undefined : clients.networks.find((network) => contains(network, address));
}

/** A packet without a port might have any: a rule with ports denies it, and does not allow it. */
function matches(
  rule: AclRule,
  { destination, protocol, port }: AclPacket,
  doubt: boolean,
): boolean {
  if (rule.network !== null && !contains(rule.network, destination)) return false;
  if (rule.protocol === null) return true;
  if (ACL_PROTOCOLS[rule.protocol] !== protocol || !fitsFamily(rule, destination)) return false;
  if (rule.ports.length === 0) return true;
  if (port === null) return doubt;
  return rule.ports.some(({ low, high }) => low <= port && port <= high);
}

/** ICMP of the other family is some number that means nothing there. */
const fitsFamily = ({ protocol }: AclRule, { family }: IpAddress): boolean =>
  protocol === 'icmp' ? family === 4 : protocol !== 'icmpv6' || family === 6;
