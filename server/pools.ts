// The address pools of a configuration: those of [network], and those that virtual hosts and groups
// have of their own. All lie on the one TUN device.
import os from 'node:os';
import { policyLayers } from '../config/policy_layers.ts';
import type { Config } from '../config/schema.ts';
import { contains, formatIp, parseCidr, parseIp } from '../core/net/address.ts';
import type { Cidr, IpAddress } from '../core/net/address.ts';
import { serverAddress } from '../core/net/pool.ts';
import type { Pools } from '../core/session/leases.ts';
import type { RegistryOptions } from '../core/session/requests.ts';

type OwnPools = Pick<Config['network'], 'ipv4' | 'ipv6'>;
type PoolConfig = Pick<Config, 'network' | 'vhost' | 'group'>;

/** Every pool once, those of [network] first. */
export const poolsOf = ({ network, vhost, group }: PoolConfig): readonly Cidr[] =>
  [network, ...vhost, ...group.values()].flatMap(({ ipv4, ipv6 }) =>
    [ipv4, ipv6].filter((pool) => pool !== null),
  );

/** The same as the session table wants them, by virtual host and group. */
export const poolOptions = (
  config: Config,
): Pick<
  RegistryOptions,
  'pool4' | 'pool6' | 'hosts' | 'groups' | 'clientPrefix6' | 'reserved'
> => ({
  ...ownPools(config.network),
  hosts: new Map(config.vhost.map((host) => [host.name.toLowerCase(), ownPools(host)])),
  groups: new Map([...config.group].map(([name, own]) => [name, ownPools(own)])),
  clientPrefix6: config.network.ipv6_prefix_per_client,
  reserved: reservedAddresses(config),
});

/** The addresses that the configuration names for somebody: nobody else gets them from a pool. */
export const reservedAddresses = (config: Config): readonly IpAddress[] =>
  policyLayers(config).flatMap(({ policy: { address, address6 } }) =>
    [address, address6].flatMap((each) => each ?? []),
  );

/** Finds the server's address that a client sees, as text; null = the client's is in no pool. */
export function localAddressesOf(
  pools: readonly Cidr[],
): (address: string | null) => string | null {
  const known = pools.map((pool) => ({ pool, text: formatIp(serverAddress(pool)) }));
  return (address) => {
    const ip = address === null ? undefined : parseIp(address);
    return (ip && known.find(({ pool }) => contains(pool, ip))?.text) ?? null;
  };
}

/** The networks of this machine's devices, but for the TUN device. */
export const serverNetworks = (
  device: string,
  interfaces: NodeJS.Dict<os.NetworkInterfaceInfo[]> = os.networkInterfaces(),
): readonly Cidr[] =>
  Object.entries(interfaces)
    .filter(([name]) => name !== device)
    .flatMap(([, addresses = []]) => addresses)
    .flatMap(({ cidr }) => (cidr === null ? [] : (parseCidr(cidr)?.network ?? [])));

const ownPools = ({ ipv4, ipv6 }: OwnPools): Pools<Cidr> => ({ pool4: ipv4, pool6: ipv6 });
