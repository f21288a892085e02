// All inside addresses that can be had one by one: those of every pool, and any other that a policy
// fixes. Whatever way an address was given, only one session has it.
import { contains, formatIp } from '../net/address.ts';
import type { IpAddress } from '../net/address.ts';
import { isAssignable } from '../net/assignable.ts';
import type { AddressPool } from '../net/pool.ts';

export class AddressSpace {
  readonly #pools: readonly AddressPool[];
  /** Addresses in use that no pool leases, as text. */
  readonly #outside = new Set<string>();

  /** `pools`: those of all hosts. */
  constructor(pools: readonly AddressPool[]) {
    this.#pools = pools;
  }

  /** False when it is in use, the server's own, a network's, or none that a host can have. */
  take(address: IpAddress): boolean {
    if (!isAssignable(address)) return false;
    const pool = this.#poolOf(address);
    if (pool !== undefined) return pool.take(address);
    if (this.has(address)) return false;
    this.#outside.add(formatIp(address));
    return true;
  }

  has(address: IpAddress): boolean {
    return this.#poolOf(address)?.has(address) ?? this.#outside.has(formatIp(address));
  }

  release(address: IpAddress): void {
    const pool = this.#poolOf(address);
    if (pool === undefined) this.#outside.delete(formatIp(address));
    else pool.release(address);
  }

  /** The prefix for the client's netmask: of its pool's network, else of the address alone [oc 5.4]. */
  prefixOf(address: IpAddress): number {
    const pool = address.family === 4 ? this.#poolOf(address) : undefined;
    // One address per client in IPv6: a routed prefix per client is not leased here.
    return pool?.network.prefix ?? (address.family === 4 ? 32 : 128);
  }

  #poolOf(address: IpAddress): AddressPool | undefined {
    return this.#pools.find(({ network }) => contains(network, address));
  }
}
