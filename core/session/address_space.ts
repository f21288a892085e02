// All inside addresses that can be had: those of every pool, any other that a policy fixes, and the
// networks behind clients. Whatever way an address was given, only one session has it.
import { bitsOf, contains, networkOf, overlaps } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import { isAssignable } from '../net/assignable.ts';
import type { AddressPool } from '../net/pool.ts';
import { NetworkClaims } from './network_claims.ts';

/** Why a fixed address is not to be had. */
export type TakeRefusal =
  /** Another session has it, or the network that it lies in. */
  | 'address-taken'
  /** It is the server's own, a network's, none that a host can have, or larger than what its pool leases. */
  | 'address-unusable';

/** Who has what a network behind a client overlaps. */
export type NetworkConflict =
  | { readonly network: Cidr; readonly with: 'session'; readonly session: number }
  | { readonly network: Cidr; readonly with: 'pool' | 'server' | 'peer'; readonly other: Cidr };

export class AddressSpace {
  readonly #pools: readonly AddressPool[];
  /** In use, and leased by no pool. */
  readonly #outside = new NetworkClaims();
  readonly #behind = new NetworkClaims();

  /** `pools`: those of all hosts and groups. */
  constructor(pools: readonly AddressPool[]) {
    this.#pools = pools;
  }

  /**
   * Takes the address for a session, with the network of that prefix around it (0 = as its pool
   * leases it, else the address alone); null = done.
   */
  take(address: IpAddress, prefix: number, session: number): TakeRefusal | null {
    if (!isAssignable(address)) return 'address-unusable';
    const network = networkOf(address, prefix === 0 ? bitsOf(address.family) : prefix);
    if (this.#behind.conflictOf(network, session) !== undefined) return 'address-taken';
    const pool = this.#pools.find((each) => overlaps(each.network, network));
    if (pool !== undefined) {
      if (prefix !== 0 && prefix < pool.leasePrefix) return 'address-unusable';
      if (pool.take(address)) return null;
      return pool.has(address) ? 'address-taken' : 'address-unusable';
    }
    if (this.#outside.conflictOf(network, NOBODY) !== undefined) return 'address-taken';
    this.#outside.add({ network, session });
    return null;
  }

  release(address: IpAddress): void {
    const pool = this.#poolOf(address);
    if (pool !== undefined) pool.release(address);
    else {
      const claim = this.#outside.at(address);
      if (claim !== undefined) this.#outside.delete(claim.network);
    }
  }

  /** All that is a session's by an address that it has: of IPv6 perhaps the network around it. */
  leaseOf(address: IpAddress): Cidr {
    const prefix = this.#poolOf(address)?.leasePrefix ?? this.#outside.at(address)?.network.prefix;
    return networkOf(address, prefix ?? bitsOf(address.family));
  }

  /** The prefix for the client's netmask [oc 5.4]: IPv4, of its pool; IPv6, of what is the client's. */
  prefixOf(address: IpAddress): number {
    const pool = address.family === 4 ? this.#poolOf(address) : undefined;
    return pool?.network.prefix ?? this.leaseOf(address).prefix;
  }

  /** Why these networks cannot lie behind a session; undefined when they can. */
  conflictOf(networks: readonly Cidr[], session: number): NetworkConflict | undefined {
    for (const network of networks) {
      const pool = this.#pools.find((each) => overlaps(each.network, network));
      if (pool !== undefined) return { network, with: 'pool', other: pool.network };
      const claim =
        this.#behind.conflictOf(network, session) ?? this.#outside.conflictOf(network, session);
      if (claim !== undefined) return { network, with: 'session', session: claim.session };
    }
    return undefined;
  }

  /** To be asked for conflicts before. Idempotent. */
  claim(networks: readonly Cidr[], session: number): void {
    for (const network of networks) this.#behind.add({ network, session });
  }

  unclaim(networks: readonly Cidr[]): void {
    for (const network of networks) this.#behind.delete(network);
  }

  /** Nobody leases these by chance any more, but others that were reserved. */
  reserve(addresses: readonly IpAddress[]): void {
    for (const pool of this.#pools) pool.reserve(addresses);
  }

  #poolOf(address: IpAddress): AddressPool | undefined {
    return this.#pools.find(({ network }) => contains(network, address));
  }
}

/** Session numbers begin at 1. */
const NOBODY = 0;
