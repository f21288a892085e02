// Who is counted and banned together: an IPv4 address, or the /64 of an IPv6 address, which is the
// least that one customer has. An IPv4-mapped address is the IPv4 address (core/net).
import { contains, formatCidr, formatIp, networkOf, parseCidr, parseIp } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';

const IPV4_PREFIX = 32;
const IPV6_PREFIX = 64;

/** The network that the address is counted with. */
export const sourceOf = (address: IpAddress): Cidr => networkOf(address, prefixOf(address));

/** "203.0.113.7" or "2001:db8::/64": the name of a source everywhere. */
export const formatSource = (source: Cidr): string =>
  source.address.family === 4 ? formatIp(source.address) : formatCidr(source);

/** The name of the source of a peer's address; undefined when that is no address. */
export function sourceOfPeer(address: string): string | undefined {
  const ip = parseIp(address);
  return ip === undefined ? undefined : formatSource(sourceOf(ip));
}

/** An address, or a source as it is listed; undefined when the text is neither. */
export function parseSource(text: string): Cidr | undefined {
  const { network } = parseCidr(text) ?? {};
  if (network === undefined) return undefined;
  const source = sourceOf(network.address);
  // A bare address has all of its bits as prefix.
  return network.prefix < source.prefix ? undefined : source;
}

/** Whether the two have an address in common. */
export const overlaps = (a: Cidr, b: Cidr): boolean =>
  contains(a, b.address) || contains(b, a.address);

const prefixOf = ({ family }: IpAddress): number => (family === 4 ? IPV4_PREFIX : IPV6_PREFIX);
