// The inside addresses of one session: one per family that its host has a pool for, or that its
// policy fixes.
import { sameIp } from '../net/address.ts';
import type { IpAddress } from '../net/address.ts';
import type { AddressPool } from '../net/pool.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { AddressSpace } from './address_space.ts';

/** What a session holds; null = not leased. */
export interface InsideAddresses {
  readonly inside4: IpAddress | null;
  readonly inside6: IpAddress | null;
}

/** What a policy wants a session to have; null = any. */
export type FixedAddresses = Pick<SessionPolicy, 'address' | 'address6'>;

export type LeaseRefusal =
  | 'pool-full'
  | 'no-common-family'
  /** Another session has the fixed address. */
  | 'address-taken'
  /** The fixed address is the server's own, a network's, or none that a host can have. */
  | 'address-unusable';

export type LeaseOutcome =
  | ({ readonly kind: 'leased' } & InsideAddresses)
  | { readonly kind: 'refused'; readonly reason: LeaseRefusal };

/** A pool for each family; null = none. */
export interface Pools<P> {
  readonly pool4: P | null;
  readonly pool6: P | null;
}

export class Leases {
  readonly #pool4: AddressPool | null;
  readonly #pool6: AddressPool | null;
  readonly #space: AddressSpace;

  /** Several hosts may lease from the same pool; all share one space. */
  constructor({ pool4, pool6 }: Pools<AddressPool>, space: AddressSpace) {
    this.#pool4 = pool4;
    this.#pool6 = pool6;
    this.#space = space;
  }

  /**
   * Adds to `held` what is missing. All or nothing: when one family is refused, nothing new is
   * leased, since a client with half of its addresses looks connected and is not.
   */
  complete(
    held: InsideAddresses,
    wanted: FixedAddresses & { readonly ipv6: boolean; readonly candidate: number },
  ): LeaseOutcome {
    const { address, address6, candidate } = wanted;
    const use4 = this.#pool4 !== null || address !== null;
    const use6 = wanted.ipv6 && (this.#pool6 !== null || address6 !== null);
    if (!use4 && !use6) return { kind: 'refused', reason: 'no-common-family' };
    const inside4 = held.inside4 ?? (use4 ? this.#lease(this.#pool4, address, candidate) : null);
    if (typeof inside4 === 'string') return { kind: 'refused', reason: inside4 };
    const inside6 = held.inside6 ?? (use6 ? this.#lease(this.#pool6, address6, candidate) : null);
    if (typeof inside6 !== 'string') return { kind: 'leased', inside4, inside6 };
    if (held.inside4 === null && inside4 !== null) this.#space.release(inside4);
    return { kind: 'refused', reason: inside6 };
  }

  /** Takes the addresses of an earlier run; null for one that is no longer to be had. */
  adopt({ inside4, inside6 }: InsideAddresses, fixed: FixedAddresses): InsideAddresses {
    return {
      inside4: this.#adopt(this.#pool4, inside4, fixed.address),
      inside6: this.#adopt(this.#pool6, inside6, fixed.address6),
    };
  }

  #lease(
    pool: AddressPool | null,
    fixed: IpAddress | null,
    candidate: number,
  ): IpAddress | LeaseRefusal {
    if (fixed === null) return pool?.lease(candidate) ?? 'pool-full';
    if (this.#space.take(fixed)) return fixed;
    return this.#space.has(fixed) ? 'address-taken' : 'address-unusable';
  }

  #adopt(
    pool: AddressPool | null,
    held: IpAddress | null,
    fixed: IpAddress | null,
  ): IpAddress | null {
    if (held === null) return null;
    const isFixed = fixed !== null && sameIp(fixed, held);
    return (isFixed ? this.#space.take(held) : pool?.take(held) === true) ? held : null;
  }
}
