// The inside addresses of one session: one per family that its group or host has a pool for, or that
// its policy fixes.
import { sameIp } from '../net/address.ts';
import type { IpAddress } from '../net/address.ts';
import type { AddressPool } from '../net/pool.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { AddressSpace, TakeRefusal } from './address_space.ts';

/** What a session holds; null = not leased. */
export interface InsideAddresses {
  readonly inside4: IpAddress | null;
  readonly inside6: IpAddress | null;
}

/** What a policy wants a session to have; null = any. */
export type FixedAddresses = Pick<SessionPolicy, 'address' | 'address6' | 'address6_prefix'>;

export type LeaseRefusal = 'pool-full' | 'no-common-family' | TakeRefusal;

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

  /** Several hosts and groups may lease from the same pool; all share one space. */
  constructor({ pool4, pool6 }: Pools<AddressPool>, space: AddressSpace) {
    this.#pool4 = pool4;
    this.#pool6 = pool6;
    this.#space = space;
  }

  /**
   * Adds to what the session holds what is missing. All or nothing: when one family is refused,
   * nothing new is leased, since a client with half of its addresses looks connected and is not.
   */
  complete(
    held: InsideAddresses & { readonly session: number },
    wanted: FixedAddresses & { readonly ipv6: boolean; readonly candidate: number },
  ): LeaseOutcome {
    const { address, address6, candidate } = wanted;
    const { session } = held;
    const use4 = this.#pool4 !== null || address !== null;
    const use6 = wanted.ipv6 && (this.#pool6 !== null || address6 !== null);
    if (!use4 && !use6) return { kind: 'refused', reason: 'no-common-family' };
    const lease4 = (): IpAddress | LeaseRefusal =>
      address === null
        ? (this.#pool4?.lease(candidate) ?? 'pool-full')
        : (this.#space.take(address, 0, session) ?? address);
    const lease6 = (): IpAddress | LeaseRefusal =>
      address6 === null
        ? (this.#pool6?.lease(candidate) ?? 'pool-full')
        : (this.#space.take(address6, wanted.address6_prefix, session) ?? address6);
    const inside4 = held.inside4 ?? (use4 ? lease4() : null);
    if (typeof inside4 === 'string') return { kind: 'refused', reason: inside4 };
    const inside6 = held.inside6 ?? (use6 ? lease6() : null);
    if (typeof inside6 !== 'string') return { kind: 'leased', inside4, inside6 };
    if (held.inside4 === null && inside4 !== null) this.#space.release(inside4);
    return { kind: 'refused', reason: inside6 };
  }

  /**
   * Others from the pools in place of these, which stay leased; undefined, and nothing has changed,
   * when there are none. `candidate`: as in AddressPool.lease.
   */
  exchange(
    { inside4, inside6 }: InsideAddresses,
    unwanted: readonly IpAddress[],
    candidate: number,
  ): InsideAddresses | undefined {
    const another = (pool: AddressPool | null, held: IpAddress | null) =>
      unwanted.some((address) => isSame(held, address)) ? pool?.lease(candidate) : held;
    const other4 = another(this.#pool4, inside4);
    if (other4 === undefined) return undefined;
    const other6 = another(this.#pool6, inside6);
    if (other6 !== undefined) return { inside4: other4, inside6: other6 };
    if (other4 !== null && other4 !== inside4) this.#space.release(other4);
    return undefined;
  }

  /** Takes the addresses of an earlier run; null for one that is no longer to be had. */
  adopt(
    { inside4, inside6, session }: InsideAddresses & { readonly session: number },
    { address, address6, address6_prefix: prefix6 }: FixedAddresses,
  ): InsideAddresses {
    const had4 = isSame(inside4, address)
      ? this.#space.take(address, 0, session) === null
      : inside4 !== null && this.#pool4?.retake(inside4);
    const had6 = isSame(inside6, address6)
      ? this.#space.take(address6, prefix6, session) === null
      : inside6 !== null && this.#pool6?.retake(inside6);
    return { inside4: had4 === true ? inside4 : null, inside6: had6 === true ? inside6 : null };
  }
}

const isSame = (held: IpAddress | null, fixed: IpAddress | null): fixed is IpAddress =>
  held !== null && fixed !== null && sameIp(held, fixed);

/** Whether both are there and the same. */
export const isHeldAddress = (held: IpAddress | null, wanted: IpAddress | null): boolean =>
  held !== null && wanted !== null && sameIp(held, wanted);
