// The address pool: which inside addresses are leased. A lease is held until it is released, so no
// two sessions ever have the same address. A candidate comes in as a number (the hash of the user's
// name, or a random one); the lease is the first free address from there upwards, round the end.
//
//   IPv4 /8 … /30   network | ours | lease … lease | broadcast
//   IPv6 /8 … /126  anycast | ours | lease … lease          (the low 32 bits at most)
import { bitsOf, contains } from './address.ts';
import type { Cidr, IpAddress } from './address.ts';
import { SparseBitmap } from './pool_bitmap.ts';

// Network address (IPv6: the subnet-router anycast address, RFC 4291 2.6.1) and our own.
const RESERVED_LOW = 2;
// No machine holds 2^32 sessions, and offsets stay exact in a double.
const MAX_HOST_BITS = 32;

/** The server's own address inside a network: the first one. */
export const serverAddress = ({ address }: Cidr): IpAddress => ({
  family: address.family,
  value: address.value + 1n,
});

export class AddressPool {
  readonly network: Cidr;
  /** How many addresses can be leased at the same time. */
  readonly capacity: number;
  readonly #taken: SparseBitmap;

  /** `network`: room for at least one lease (IPv4 /30, IPv6 /126); the configuration checks it. */
  constructor(network: Cidr) {
    const { family } = network.address;
    const hostBits = Math.min(bitsOf(family) - network.prefix, MAX_HOST_BITS);
    const broadcast = family === 4 ? 1 : 0;
    this.network = network;
    this.capacity = 2 ** hostBits - RESERVED_LOW - broadcast;
    if (this.capacity < 1) throw new RangeError(`a /${network.prefix} network holds no leases`);
    this.#taken = new SparseBitmap(this.capacity);
  }

  get leased(): number {
    return this.#taken.count;
  }

  /**
   * Leases the first free address from a candidate on; undefined when the pool is full.
   * `candidate`: any whole number from 0; the same one gives the same address while that is free.
   */
  lease(candidate: number): IpAddress | undefined {
    const free = this.#taken.firstClear(candidate % this.capacity) ?? this.#taken.firstClear(0);
    if (free === undefined) return undefined;
    this.#taken.set(free);
    return this.#addressAt(free);
  }

  /** Leases exactly this address; false when it is taken or not one that this pool leases. */
  take(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    return index !== undefined && this.#taken.set(index);
  }

  /** Gives a lease back; false when there was none. */
  release(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    return index !== undefined && this.#taken.clear(index);
  }

  has(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    return index !== undefined && this.#taken.has(index);
  }

  #addressAt(index: number): IpAddress {
    const { family, value } = this.network.address;
    return { family, value: value + BigInt(index + RESERVED_LOW) };
  }

  #indexOf(address: IpAddress): number | undefined {
    if (!contains(this.network, address)) return undefined;
    const offset = address.value - this.network.address.value - BigInt(RESERVED_LOW);
    return offset >= 0n && offset < BigInt(this.capacity) ? Number(offset) : undefined;
  }
}
