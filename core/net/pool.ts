// The address pool: which inside addresses are leased. A lease is held until it is released, so no
// two sessions ever have the same address. A candidate comes in as a number (the hash of the user's
// name, or a random one); the lease is the first free one from there upwards, round the end.
//
//   IPv4 /8 … /30   network | ours | lease … lease | broadcast
//   IPv6 /8 … /126  anycast | ours | lease … lease          (the low 32 bits at most)
//   IPv6 networks   ours    | lease … lease                 (each a /64, say, out of a /48)
//
// Addresses that the configuration names for somebody are reserved: nobody gets them by chance.
import { bitsOf, contains } from './address.ts';
import type { Cidr, IpAddress } from './address.ts';
import { SparseBitmap } from './pool_bitmap.ts';

// Network address (IPv6: the subnet-router anycast address, RFC 4291 2.6.1) and our own.
const RESERVED_LOW = 2;
// Of networks, the one that both of these lie in.
const RESERVED_NETWORKS = 1;
// No machine holds 2^32 sessions, and offsets stay exact in a double.
const MAX_LEASE_BITS = 32;

/** The server's own address inside a network: the first one. */
export const serverAddress = ({ address }: Cidr): IpAddress => ({
  family: address.family,
  value: address.value + 1n,
});

export class AddressPool {
  readonly network: Cidr;
  /** Prefix length of one lease: that of an address, or of the network that a client gets. */
  readonly leasePrefix: number;
  /** How many leases there can be at the same time. */
  readonly capacity: number;
  readonly #shift: bigint;
  readonly #low: number;
  readonly #taken: SparseBitmap;
  /** By number of the lease; those that nobody holds are marked as taken, too. */
  #reserved = new Set<number>();
  readonly #reservedFree = new Set<number>();

  /**
   * `network`: room for at least one lease (IPv4 /30, IPv6 /126, or a bit more than `leasePrefix`);
   * the configuration checks it.
   */
  constructor(network: Cidr, leasePrefix: number = bitsOf(network.address.family)) {
    const { family } = network.address;
    const bits = bitsOf(family);
    const isNetworks = leasePrefix < bits;
    const leaseBits = Math.min(leasePrefix - network.prefix, MAX_LEASE_BITS);
    const broadcast = family === 4 ? 1 : 0;
    this.network = network;
    this.leasePrefix = leasePrefix;
    this.#shift = BigInt(bits - leasePrefix);
    this.#low = isNetworks ? RESERVED_NETWORKS : RESERVED_LOW;
    this.capacity = 2 ** leaseBits - this.#low - broadcast;
    if (!(this.capacity >= 1)) {
      throw new RangeError(`a /${network.prefix} network holds no leases of /${leasePrefix}`);
    }
    this.#taken = new SparseBitmap(this.capacity);
  }

  get leased(): number {
    return this.#taken.count - this.#reservedFree.size;
  }

  /**
   * Leases the first free address from a candidate on, of a network its first; undefined when the
   * pool is full. `candidate`: any whole number from 0; the same one gives the same address while
   * that is free.
   */
  lease(candidate: number): IpAddress | undefined {
    const free = this.#taken.firstClear(candidate % this.capacity) ?? this.#taken.firstClear(0);
    if (free === undefined) return undefined;
    this.#taken.set(free);
    return this.#addressAt(free);
  }

  /**
   * Leases exactly this address, or the network around it, reserved or not; false when it is taken
   * or not one that this pool leases.
   */
  take(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    return index !== undefined && (this.#reservedFree.delete(index) || this.#taken.set(index));
  }

  /** The same for who had it by chance: false also when it is reserved by now. */
  retake(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    return index !== undefined && this.#taken.set(index);
  }

  /** Gives a lease back; false when there was none. */
  release(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    if (index === undefined || !this.#isLeased(index)) return false;
    if (this.#reserved.has(index)) this.#reservedFree.add(index);
    else this.#taken.clear(index);
    return true;
  }

  has(address: IpAddress): boolean {
    const index = this.#indexOf(address);
    return index !== undefined && this.#isLeased(index);
  }

  /** From now on these are reserved and no others; whoever has one by chance keeps it. */
  reserve(addresses: readonly IpAddress[]): void {
    for (const index of this.#reservedFree) this.#taken.clear(index);
    this.#reservedFree.clear();
    this.#reserved = new Set(addresses.flatMap((address) => this.#indexOf(address) ?? []));
    for (const index of this.#reserved) {
      if (this.#taken.set(index)) this.#reservedFree.add(index);
    }
  }

  #isLeased(index: number): boolean {
    return this.#taken.has(index) && !this.#reservedFree.has(index);
  }

  #addressAt(index: number): IpAddress {
    const { family, value } = this.network.address;
    const first = value + (BigInt(index + this.#low) << this.#shift);
    // The first address of a network is the anycast address of its routers.
    return { family, value: this.#shift === 0n ? first : first + 1n };
  }

  #indexOf(address: IpAddress): number | undefined {
    if (!contains(this.network, address)) return undefined;
    const number = (address.value - this.network.address.value) >> this.#shift;
    const offset = number - BigInt(this.#low);
    return offset >= 0n && offset < BigInt(this.capacity) ? Number(offset) : undefined;
  }
}
