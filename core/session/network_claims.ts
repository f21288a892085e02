// Networks of which each belongs to one session: fixed addresses outside of the pools, and what
// lies behind clients. One hash table for each prefix length, so that an address is looked up in as
// many steps as there are lengths, however many sessions there are.
import { bitsOf, networkOf, overlaps } from '../net/address.ts';
import type { Cidr, Family, IpAddress } from '../net/address.ts';

export interface NetworkClaim {
  readonly network: Cidr;
  readonly session: number;
}

type Lengths = Map<number, Map<bigint, NetworkClaim>>;

export class NetworkClaims {
  readonly #families: Readonly<Record<Family, Lengths>> = { 4: new Map(), 6: new Map() };

  add(claim: NetworkClaim): void {
    const { address, prefix } = claim.network;
    const lengths = this.#families[address.family];
    const claims = lengths.get(prefix) ?? new Map<bigint, NetworkClaim>();
    lengths.set(prefix, claims.set(address.value, claim));
  }

  delete({ address, prefix }: Cidr): void {
    const lengths = this.#families[address.family];
    const claims = lengths.get(prefix);
    claims?.delete(address.value);
    if (claims?.size === 0) lengths.delete(prefix);
  }

  /** The claim that holds the address. */
  at(address: IpAddress): NetworkClaim | undefined {
    return this.#around(networkOf(address, bitsOf(address.family)));
  }

  /** A claim of another session that has addresses in common with the network. */
  conflictOf(network: Cidr, session: number): NetworkClaim | undefined {
    return this.#around(network, session) ?? this.#within(network, session);
  }

  #around({ address, prefix }: Cidr, except?: number): NetworkClaim | undefined {
    for (const [length, claims] of this.#families[address.family]) {
      if (length > prefix) continue;
      const claim = claims.get(networkOf(address, length).address.value);
      if (claim !== undefined && claim.session !== except) return claim;
    }
    return undefined;
  }

  /** One by one, which only networks have to: nothing is smaller than an address. */
  #within(network: Cidr, except: number): NetworkClaim | undefined {
    for (const [length, claims] of this.#families[network.address.family]) {
      if (length <= network.prefix) continue;
      for (const claim of claims.values()) {
        if (claim.session !== except && overlaps(network, claim.network)) return claim;
      }
    }
    return undefined;
  }
}
