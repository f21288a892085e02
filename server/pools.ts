// The address pools of a configuration: those of [network], and those that virtual hosts have of
// their own. All lie on the one TUN device.
import type { Config } from '../config/schema.ts';
import { contains, formatIp, parseIp } from '../core/net/address.ts';
import type { Cidr, IpAddress } from '../core/net/address.ts';

/** Every pool once, those of [network] first. */
export const poolsOf = ({ network, vhost }: Pick<Config, 'network' | 'vhost'>): readonly Cidr[] =>
  [network, ...vhost].flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].filter((pool) => pool !== null));

/** The server's own address in a pool: its first [wolfguard.toml network.ipv4]. */
export const serverAddress = ({ address }: Cidr): IpAddress => ({
  family: address.family,
  value: address.value + 1n,
});

/** The server's address that a client with this address sees, as text; null = it is in no pool. */
export function localAddressFor(pools: readonly Cidr[], address: string | null): string | null {
  const ip = address === null ? undefined : parseIp(address);
  const pool = ip && pools.find((candidate) => contains(candidate, ip));
  return pool === undefined ? null : formatIp(serverAddress(pool));
}
