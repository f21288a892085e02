// Where the clients' addresses collide with those that this machine knows already.
import { formatCidr } from '../../core/net/address.ts';
import type { Cidr } from '../../core/net/address.ts';
import { ok, problem, splitSentence, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import { covers } from './proc_net.ts';
import type { Route } from './proc_net.ts';

export interface PoolFacts {
  /** network.device */
  readonly device: string;
  readonly pools: readonly Cidr[];
  /** Of the main tables, both families. */
  readonly routes: readonly Route[];
  /** Sentences of server/preflight.ts. */
  readonly clashes: readonly string[];
}

export const judgePools = (facts: PoolFacts): Finding[] => [
  ...judgeAddresses(facts),
  ...judgeRoutes(facts),
];

function judgeAddresses({ clashes }: PoolFacts): Finding[] {
  if (clashes.length === 0)
    return [ok('pool-address', 'no address of this machine lies in a pool')];
  return clashes.map((sentence) => {
    const { what, mend } = splitSentence(sentence);
    return problem('pool-address', what, mend);
  });
}

function judgeRoutes({ device, pools, routes }: PoolFacts): Finding[] {
  const others = routes.filter(
    ({ network, ...route }) => route.device !== device && network.prefix > 0,
  );
  const found = pools.flatMap((pool) => others.flatMap((route) => judgeRoute(pool, route) ?? []));
  return found.length > 0
    ? found
    : [ok('pool-route', 'no route of this machine leads into a pool')];
}

const ELSEWHERE =
  'choose another network.ipv4 or network.ipv6 (of a virtual host or a group, the pool there)';

/** A pool cut out of a larger network that a router is for is the usual way. */
function judgeRoute(pool: Cidr, { network, device, viaRouter }: Route): Finding | undefined {
  const route = `the route ${formatCidr(network)} on ${device}`;
  if (covers(pool, network)) {
    const what = `${route} lies in the pool ${formatCidr(pool)}: clients with those addresses get no answers`;
    return problem('pool-route', what, ELSEWHERE);
  }
  if (!covers(network, pool) || viaRouter) return undefined;
  const what = `the pool ${formatCidr(pool)} lies in ${formatCidr(network)}, the network of ${device}: neighbours there look for clients on the wire`;
  return warning('pool-route', what, ELSEWHERE);
}
