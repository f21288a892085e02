import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, parseCidr, parseIp } from '../../../../core/net/address.ts';
import type { Cidr, IpAddress } from '../../../../core/net/address.ts';
import { AddressPool, serverAddress } from '../../../../core/net/pool.ts';

test('the first address of a network is the server and is never leased', () => {
  assert.equal(formatIp(serverAddress(cidr('10.77.0.0/16'))), '10.77.0.1');
  assert.equal(formatIp(serverAddress(cidr('fd00:77::/64'))), 'fd00:77::1');
  assert.deepEqual(
    leaseAll('10.77.0.0/29'),
    [2, 3, 4, 5, 6].map((host) => `10.77.0.${host}`),
  );
});

test('a /30 holds one lease, and the broadcast address is not it', () => {
  assert.deepEqual(leaseAll('192.0.2.4/30'), ['192.0.2.6']);
});

test('an IPv6 network has no broadcast address', () => {
  assert.deepEqual(
    leaseAll('fd00::8/125'),
    [10, 11, 12, 13, 14, 15].map((n) => `fd00::${n.toString(16)}`),
  );
});

test('a network without room for a lease is a bug of the caller', () => {
  assert.throws(() => new AddressPool(cidr('10.0.0.0/31')), RangeError);
  assert.throws(() => new AddressPool(cidr('fd00::/127')), RangeError);
});

test('the same candidate gives the same address while it is free, else the next one', () => {
  const pool = new AddressPool(cidr('10.77.0.0/16'));
  const first = leased(pool, 4711);
  assert.equal(leased(pool, 4711).value, first.value + 1n);
  pool.release(first);
  assert.deepEqual(leased(pool, 4711), first);
});

test('the search goes round the end of the network', () => {
  const pool = new AddressPool(cidr('10.77.0.0/16'));
  const last = leased(pool, pool.capacity - 1);
  assert.equal(formatIp(last), '10.77.255.254');
  assert.equal(formatIp(leased(pool, pool.capacity - 1)), '10.77.0.2');
});

test('the largest networks give addresses from their whole range', () => {
  const pool4 = new AddressPool(cidr('10.0.0.0/8'));
  assert.equal(formatIp(leased(pool4, pool4.capacity - 1)), '10.255.255.254');
  const pool6 = new AddressPool(cidr('fd00:77::/64'));
  assert.equal(formatIp(leased(pool6, 0xffffffff - 2)), 'fd00:77::ffff:ffff');
  assert.equal(formatIp(leased(pool6, 0xffffffff - 2)), 'fd00:77::2');
});

test('a pool of networks gives each whole, and the first is the server’s', () => {
  const pool = new AddressPool(cidr('fd00:77::/60'), 64);
  assert.equal(pool.capacity, 15);
  assert.equal(formatIp(leased(pool, 4)), 'fd00:77:0:5::1');
  assert.equal(pool.take(ip('fd00:77:0:5::77')), false, 'an address of a network that is leased');
  assert.equal(pool.take(ip('fd00:77::77')), false, 'of the server’s own');
  assert.equal(pool.take(ip('fd00:77:0:6::77')), true);
  assert.equal(formatIp(leased(pool, 4)), 'fd00:77:0:7::1');
  assert.equal(pool.release(ip('fd00:77:0:6::abcd')), true);
  assert.equal(pool.has(ip('fd00:77:0:6::77')), false);
  assert.equal(formatIp(leased(pool, 14)), 'fd00:77:0:f::1');
  assert.throws(() => new AddressPool(cidr('fd00:77::/64'), 64), RangeError);
  assert.throws(() => new AddressPool(cidr('fd00:77::/80'), 64), RangeError);
  const large = new AddressPool(cidr('fd00::/20'), 64);
  assert.equal(formatIp(leased(large, large.capacity - 1)), 'fd00:0:ffff:ffff::1');
});

test('reserved addresses go to those who name them, whatever the order', () => {
  const operation = fc.record({
    do: fc.constantFrom('lease' as const, 'take' as const, 'release' as const, 'reserve' as const),
    host: fc.integer({ min: 2, max: 14 }),
    others: fc.subarray([2, 5, 9, 14]),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const pool = new AddressPool(cidr('10.77.0.0/28'));
      const address = (host: number): IpAddress => ip(`10.77.0.${host}`);
      const held = new Set<number>();
      let reserved = new Set<number>();
      for (const { do: what, host, others } of operations) {
        if (what === 'reserve') {
          reserved = new Set(others);
          pool.reserve(others.map(address));
        } else if (what === 'take') {
          assert.equal(pool.take(address(host)), !held.has(host));
          held.add(host);
        } else if (what === 'release') {
          assert.equal(pool.release(address(host)), held.delete(host));
        } else {
          const got = pool.lease(host);
          const free = [...Array(13).keys()].map((n) => n + 2).filter((n) => !held.has(n));
          if (got === undefined) assert.ok(free.every((n) => reserved.has(n)));
          else {
            const number = Number(got.value & 0xffn);
            assert.ok(free.includes(number) && !reserved.has(number));
            held.add(number);
          }
        }
        assert.equal(pool.leased, held.size);
        assert.equal(pool.has(address(host)), held.has(host));
      }
    }),
  );
});

test('addresses that are not leased by a pool cannot be taken or released', () => {
  const pool = new AddressPool(cidr('10.77.0.0/24'));
  const strange = ['10.77.0.0', '10.77.0.1', '10.77.0.255', '10.77.1.2', 'fd00::2'];
  for (const text of strange) {
    assert.equal(pool.take(ip(text)), false, text);
    assert.equal(pool.release(ip(text)), false, text);
    assert.equal(pool.has(ip(text)), false, text);
  }
});

type Step = { do: 'lease'; at: number } | { do: 'take' | 'release'; host: number };

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('lease' as const), at: fc.nat() }) },
    fc.record({ do: fc.constantFrom('take' as const, 'release' as const), host: fc.nat(1030) }),
  ),
  { maxLength: 200, size: 'max' },
);
const networks = fc.constantFrom(
  '10.1.2.0/28',
  '10.1.2.0/26',
  '10.4.0.0/22',
  'fd00::/124',
  'fd00::/118',
);

test('a pool leases what a walk over a plain list of its addresses would', () => {
  fc.assert(
    fc.property(networks, fc.nat(2000), steps, (network, prefill, list: Step[]) => {
      const pool = new AddressPool(cidr(network));
      const model = new NaivePool(cidr(network));
      for (let i = 0; i < prefill; i++) assert.deepEqual(pool.lease(7), model.lease(7));
      for (const step of list) {
        if (step.do === 'lease') assert.deepEqual(pool.lease(step.at), model.lease(step.at));
        else {
          const { family, value } = pool.network.address;
          const address: IpAddress = { family, value: value + BigInt(step.host) };
          assert.equal(pool[step.do](address), model[step.do](address));
          assert.equal(pool.has(address), model.taken.has(address.value));
        }
        assert.equal(pool.leased, model.taken.size);
      }
    }),
    { numRuns: 60 },
  );
});

class NaivePool {
  readonly taken = new Set<bigint>();
  readonly #all: IpAddress[] = [];

  constructor({ address: { family, value }, prefix }: Cidr) {
    const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix);
    const end = family === 4 ? value + size - 1n : value + size;
    for (let next = value + 2n; next < end; next++) this.#all.push({ family, value: next });
  }

  lease(candidate: number): IpAddress | undefined {
    const start = candidate % this.#all.length;
    const order = [...this.#all.slice(start), ...this.#all.slice(0, start)];
    const free = order.find(({ value }) => !this.taken.has(value));
    if (free !== undefined) this.taken.add(free.value);
    return free;
  }

  take({ value }: IpAddress): boolean {
    if (this.taken.has(value) || !this.#all.some((address) => address.value === value))
      return false;
    this.taken.add(value);
    return true;
  }

  release({ value }: IpAddress): boolean {
    return this.taken.delete(value);
  }
}

function leaseAll(network: string): string[] {
  const pool = new AddressPool(cidr(network));
  const texts: string[] = [];
  for (let next = pool.lease(0); next !== undefined; next = pool.lease(0))
    texts.push(formatIp(next));
  assert.equal(texts.length, pool.capacity);
  return texts;
}

function leased(pool: AddressPool, candidate: number): IpAddress {
  const address = pool.lease(candidate);
  assert.ok(address);
  return address;
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed.network;
}

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return parsed;
}
