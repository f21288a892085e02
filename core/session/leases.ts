// The inside addresses of one session: one per family that the server has a pool for.
import type { IpAddress } from '../net/address.ts';
import type { AddressPool } from '../net/pool.ts';

/** What a session holds; null = not leased. */
export interface InsideAddresses {
  readonly inside4: IpAddress | null;
  readonly inside6: IpAddress | null;
}

export type LeaseOutcome =
  | ({ readonly kind: 'leased' } & InsideAddresses)
  | { readonly kind: 'refused'; readonly reason: 'pool-full' | 'no-common-family' };

/** A pool for each family; null = none. */
export interface Pools<P> {
  readonly pool4: P | null;
  readonly pool6: P | null;
}

export class Leases {
  readonly #pool4: AddressPool | null;
  readonly #pool6: AddressPool | null;

  /** Several hosts may lease from the same pool. */
  constructor({ pool4, pool6 }: Pools<AddressPool>) {
    this.#pool4 = pool4;
    this.#pool6 = pool6;
  }

  /**
   * Adds to `held` what is missing. All or nothing: when one family is full, nothing new is leased,
   * since a client with half of its addresses looks connected and is not.
   */
  complete(held: InsideAddresses, wantsIpv6: boolean, candidate: number): LeaseOutcome {
    const use6 = wantsIpv6 && this.#pool6 !== null;
    if (this.#pool4 === null && !use6) return { kind: 'refused', reason: 'no-common-family' };
    const inside4 = held.inside4 ?? this.#pool4?.lease(candidate) ?? null;
    if (inside4 === null && this.#pool4 !== null) return { kind: 'refused', reason: 'pool-full' };
    const inside6 = held.inside6 ?? (use6 ? this.#pool6.lease(candidate) : null);
    if (inside6 === undefined) {
      if (held.inside4 === null && inside4 !== null) this.#pool4?.release(inside4);
      return { kind: 'refused', reason: 'pool-full' };
    }
    return { kind: 'leased', inside4, inside6 };
  }

  /** Takes the addresses of an earlier run; null for one that the pools no longer give. */
  adopt({ inside4, inside6 }: InsideAddresses): InsideAddresses {
    return {
      inside4: inside4 !== null && this.#pool4?.take(inside4) === true ? inside4 : null,
      inside6: inside6 !== null && this.#pool6?.take(inside6) === true ? inside6 : null,
    };
  }

  release({ inside4, inside6 }: InsideAddresses): void {
    if (inside4 !== null) this.#pool4?.release(inside4);
    if (inside6 !== null) this.#pool6?.release(inside6);
  }

  /** Prefix of the IPv4 network, for the client's netmask [oc 5.4]. */
  get prefix4(): number {
    return this.#pool4?.network.prefix ?? 32;
  }
}
