// How many split routes a client takes: docs/policy.md has where the numbers come from.
import { isCisco } from '../auth/client_facts.ts';
import type { ClientFacts } from '../ipc/messages.ts';

export interface RouteLimit {
  /** Of each list. */
  readonly networks: number;
  /** Of all their lines in the answer to CONNECT. */
  readonly bytes: number;
}

export type RouteLimitName = 'openconnect' | 'cisco';

/**
 * openconnect hands all X-CSTP lines to its script in one environment variable, and Linux takes no
 * longer one than 128 KiB: beyond it the script does not run, and the client stays without address
 * and routes. 12 KiB are for the other lines. Cisco's clients take 200 networks a list.
 */
export const ROUTE_LIMITS: Readonly<Record<RouteLimitName, RouteLimit>> = {
  openconnect: { networks: Infinity, bytes: 116 << 10 },
  cisco: { networks: 200, bytes: 116 << 10 },
};

export const routeLimitOf = (client: Pick<ClientFacts, 'kind'>): RouteLimitName =>
  isCisco(client) ? 'cisco' : 'openconnect';
