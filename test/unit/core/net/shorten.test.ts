import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCidr, networkOf, parseCidr } from '../../../../core/net/address.ts';
import type { Cidr } from '../../../../core/net/address.ts';
import { aggregate, covers } from '../../../../core/net/aggregate.ts';
import { keepLargest, widen } from '../../../../core/net/shorten.ts';

const nets = (...texts: string[]): Cidr[] =>
  texts.map((text) => parseCidr(text)?.network ?? assert.fail(text));
const texts = (networks: readonly Cidr[]): string[] => networks.map(formatCidr);

test('those that lie closest become one first', () => {
  const list = nets('10.0.0.0/24', '10.0.3.0/24', '10.8.0.0/24', '192.168.0.0/24');
  assert.deepEqual(texts(widen(list, 3)), ['10.0.0.0/22', '10.8.0.0/24', '192.168.0.0/24']);
  assert.deepEqual(texts(widen(list, 2)), ['10.0.0.0/12', '192.168.0.0/24']);
});

test('no list becomes everything', () => {
  const list = nets('10.0.0.0/24', '192.168.0.0/24', '2001:db8::/32', 'fd00::/8');
  assert.deepEqual(widen(list, 1), list);
});

test('of what stays outside the largest are kept, of both families on one scale', () => {
  const list = nets('10.0.0.0/24', '10.8.0.0/16', 'fd00::/40', 'fd01::/64');
  assert.deepEqual(texts(keepLargest(list, 2)), ['10.8.0.0/16', 'fd00::/40']);
});

const network = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    value: fc.bigInt(0n, (1n << 32n) - 1n),
    prefix: fc.integer({ min: 2, max: 32 }),
  })
  .map(({ family, value, prefix }) =>
    networkOf({ family, value: family === 4 ? value : value << 96n }, prefix),
  );

test('a shorter list holds all of the longer one, or is a part of it (fast-check)', () => {
  fc.assert(
    fc.property(
      fc.array(network, { maxLength: 60 }),
      fc.integer({ min: 1, max: 60 }),
      (list, most) => {
        const wider = widen(list, most);
        assert.ok(list.every((one) => wider.some((wide) => covers(wide, one))));
        // Two halves of each family are never joined to everything.
        assert.ok(wider.length <= Math.max(most, 4));
        assert.ok(aggregate(list).length <= most || wider.every(({ prefix }) => prefix > 0));
        const kept = keepLargest(list, most);
        assert.ok(kept.length <= most);
        assert.ok(kept.every((one) => aggregate(list).some((other) => covers(other, one))));
      },
    ),
  );
});
