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
