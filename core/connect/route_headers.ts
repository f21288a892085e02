// The lines of the answer to CONNECT that say what goes through the tunnel [oc 5.4]. A client that
// takes fewer networks than its policy has is told of fewer, so that nothing that belongs into the
// tunnel goes beside it: of those that stay outside the largest, and inside fewer and wider ones.
import { formatCidr, formatIp, formatIpv4Mask } from '../net/address.ts';
import type { Cidr } from '../net/address.ts';
import { keepLargest, widen } from '../net/shorten.ts';
import { hasDefaultRoute } from '../policy/policy.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import { ROUTE_LIMITS } from './route_limits.ts';
import type { RouteLimitName } from './route_limits.ts';

type Routes = Pick<SessionPolicy, 'routes' | 'no_routes'>;

export interface RouteHeaders {
  /** Each with its line end; '' = none. */
  readonly lines: string;
  /** As many networks as the policy has, and as the client is told of. */
  readonly routes: { readonly wanted: number; readonly told: number };
  readonly noRoutes: { readonly wanted: number; readonly told: number };
}

/** `ipv6`: the client has an address of that family, and hears of its routes. */
export function renderRouteHeaders(
  policy: Routes,
  ipv6: boolean,
  limit: RouteLimitName,
): RouteHeaders {
  const usable = ({ address }: Cidr): boolean => address.family === 4 || ipv6;
  // Includes beside a default route would take it away again [oc 5.4].
  const routes = hasDefaultRoute(policy) ? [] : policy.routes.filter(usable);
  const noRoutes = policy.no_routes.filter(usable);
  const { networks, bytes } = ROUTE_LIMITS[limit];
  for (let share = 1; ;) {
    const most = (list: readonly Cidr[]): number =>
      Math.min(networks, Math.max(1, Math.floor(list.length * share)));
    const told = within(routes, most(routes), widen);
    const toldOutside = within(noRoutes, most(noRoutes), keepLargest);
    const lines = [
      ...told.map((network) => line('X-CSTP-Split-Include', network)),
      ...toldOutside.map((network) => line('X-CSTP-Split-Exclude', network)),
    ].join('');
    if (lines.length <= bytes)
      return {
        lines,
        routes: { wanted: routes.length, told: told.length },
        noRoutes: { wanted: noRoutes.length, told: toldOutside.length },
      };
    share *= Math.min(SMALLEST_STEP, bytes / lines.length);
  }
}

/**
 * Sentences for an operator whose policy has more networks than a kind of client takes; `name`: what
 * to call the policy.
 */
export const describeRouteLimits = (name: string, policy: Routes): string[] =>
  LIMIT_NAMES.flatMap((limit) => {
    const { routes, noRoutes } = renderRouteHeaders(policy, true, limit);
    const { clients, reason } = WORDS[limit];
    const wider =
      routes.wanted > routes.told
        ? `${routes.told} wider routes instead of ${routes.wanted}, which hold other addresses too`
        : '';
    const fewer =
      noRoutes.wanted > noRoutes.told
        ? `the ${noRoutes.told} largest of ${noRoutes.wanted} no_routes, and the rest stays in the tunnel`
        : '';
    const told = [wider, fewer].filter((part) => part !== '').join('; ');
    return told === '' ? [] : [`${name}: ${clients} are told of ${told} (${reason})`];
  });

const LIMIT_NAMES: readonly RouteLimitName[] = ['openconnect', 'cisco'];

const WORDS: Readonly<Record<RouteLimitName, { clients: string; reason: string }>> = {
  openconnect: {
    clients: 'openconnect clients',
    reason: 'they take 116 KiB of routes, about 2,400 of IPv4',
  },
  cisco: { clients: "Cisco's clients", reason: 'they take 200 of each' },
};

/** Lines differ in length: as many of them as the bytes seem to ask for may still be too long. */
const SMALLEST_STEP = 0.98;

/** A short list is told as it was written. */
const within = (
  list: readonly Cidr[],
  most: number,
  reduce: (list: readonly Cidr[], most: number) => readonly Cidr[],
): readonly Cidr[] => (list.length <= most ? list : reduce(list, most));

const line = (name: string, network: Cidr): string =>
  network.address.family === 4
    ? `${name}: ${formatIp(network.address)}/${formatIpv4Mask(network.prefix)}\r\n`
    : `${name}-IP6: ${formatCidr(network)}\r\n`;
