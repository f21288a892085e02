// What no single value shows about addresses: pools that are too small for what a client gets, and
// networks behind clients that somebody else has.
import { bitsOf, contains, formatCidr, networkOf, overlaps } from '../core/net/address.ts';
import type { Cidr, IpAddress } from '../core/net/address.ts';
import type { Path } from './kind.ts';
import { contradiction } from './contradiction.ts';
import type { Contradiction } from './contradiction.ts';
import { policyLayers } from './policy_layers.ts';
import type { Config } from './schema.ts';
import { dotted } from './toml_text.ts';

/** What a place in the file says about the addresses of sessions. */
interface Layer {
  readonly path: Path;
  /** null: the layer of more than one user, among whom the first to come has the network. */
  readonly user: string | null;
  readonly iroutes: readonly Cidr[];
  readonly fixed: readonly IpAddress[];
}

interface NamedPool {
  readonly pool: Cidr;
  readonly path: Path;
}

export function checkAddresses(config: Config, pools: readonly NamedPool[]): Contradiction[] {
  const layers = layersOf(config);
  return [
    ...checkClientPrefix(config, pools),
    ...layers.flatMap((layer) => checkSites(layer, pools)),
    ...checkNeighbours(layers),
  ];
}

/** Of an IPv6 pool, the first network is the server's. */
function checkClientPrefix({ network }: Config, pools: readonly NamedPool[]): Contradiction[] {
  const prefix = network.ipv6_prefix_per_client;
  const key = 'network.ipv6_prefix_per_client';
  return pools
    .filter(({ pool }) => pool.address.family === 6 && pool.prefix >= prefix)
    .map(({ pool, path }) =>
      contradiction(
        path,
        `${dotted(path)}: ${formatCidr(pool)} has no /${prefix} for each client`,
        `${key} must be longer than /${pool.prefix}, or the pool larger`,
        [key],
      ),
    );
}

function checkSites({ path, iroutes }: Layer, pools: readonly NamedPool[]): Contradiction[] {
  return iroutes.flatMap((network) => {
    const other = pools.find(({ pool }) => overlaps(pool, network));
    if (other === undefined) return [];
    const at = [...path, 'iroutes'];
    const message = `${dotted(at)}: ${formatCidr(network)} overlaps the pool ${formatCidr(other.pool)} of ${dotted(other.path)}`;
    const suggestion = 'what lies behind a client has addresses of its own';
    return [contradiction(at, message, suggestion, [dotted(other.path)])];
  });
}

/**
 * Networks of two users, or one user's network around another's address. In the order of their first
 * addresses: networks lie in one another or apart, so each is compared with one only.
 */
function checkNeighbours(layers: readonly Layer[]): Contradiction[] {
  const found: Contradiction[] = [];
  let last: Claim | undefined;
  for (const claim of layers.flatMap(claimsOf).sort(byFirstAddress)) {
    if (last === undefined || !contains(last.network, claim.network.address)) {
      if (claim.key === 'iroutes') last = claim;
    } else if (claim.user !== last.user) {
      const [at, other] = [
        [...claim.path, claim.key],
        [...last.path, last.key],
      ];
      const message = `${dotted(at)}: ${formatCidr(claim.network)} lies in ${formatCidr(last.network)} of ${dotted(other)}`;
      found.push(
        contradiction(at, message, 'only one of the two can be connected', [dotted(other)]),
      );
    }
  }
  return found;
}

interface Claim {
  readonly path: Path;
  readonly user: string;
  readonly key: 'iroutes' | 'address' | 'address6';
  readonly network: Cidr;
}

function claimsOf({ path, user, iroutes, fixed }: Layer): Claim[] {
  if (user === null) return [];
  return [
    ...iroutes.map((network) => ({ path, user, key: 'iroutes', network }) as const),
    ...fixed.map((address) => {
      const key = address.family === 4 ? 'address' : 'address6';
      return { path, user, key, network: networkOf(address, bitsOf(address.family)) } as const;
    }),
  ];
}

/** Of two that begin alike the larger one first. */
function byFirstAddress({ network: a }: Claim, { network: b }: Claim): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  if (a.address.value !== b.address.value) return a.address.value < b.address.value ? -1 : 1;
  return a.prefix - b.prefix;
}

const layersOf = (config: Config): Layer[] =>
  policyLayers(config).map(({ path, policy: { address, address6, iroutes } }) => ({
    path,
    user: path[0] === 'user' ? String(path[1]) : null,
    iroutes: iroutes ?? [],
    fixed: [address, address6].flatMap((each) => each ?? []),
  }));
