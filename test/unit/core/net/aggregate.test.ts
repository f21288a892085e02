import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contains, formatCidr, networkOf, parseCidr } from '../../../../core/net/address.ts';
import type { Cidr, Family } from '../../../../core/net/address.ts';
import { aggregate } from '../../../../core/net/aggregate.ts';

const nets = (...texts: string[]): Cidr[] =>
  texts.map((text) => parseCidr(text)?.network ?? assert.fail(text));
const texts = (networks: readonly Cidr[]): string[] => networks.map(formatCidr);

test('neighbours become one network, as often as it goes', () => {
  const list = nets('10.0.3.0/24', '10.0.0.0/24', '10.0.2.0/24', '10.0.1.0/24', '10.0.4.0/24');
  assert.deepEqual(texts(aggregate(list)), ['10.0.0.0/22', '10.0.4.0/24']);
});

test('what lies in another network, or stands there twice, goes', () => {
  const list = nets('10.1.2.0/24', '10.0.0.0/8', '10.0.0.0/8', 'fd00::1/128', 'fd00::/8');
  assert.deepEqual(texts(aggregate(list)), ['10.0.0.0/8', 'fd00::/8']);
});

test('neighbours that are not the halves of one network stay two', () => {
  const list = nets('10.0.1.0/24', '10.0.2.0/24');
  assert.deepEqual(aggregate(list), list);
});

test('the families do not mix, and halves of everything are everything', () => {
  const list = nets('128.0.0.0/1', '::/1', '0.0.0.0/1', '8000::/1');
  assert.deepEqual(texts(aggregate(list)), ['0.0.0.0/0', '::/0']);
});

// All networks lie in 64 addresses, so that a model can ask for each of them.
const BASES: Readonly<Record<Family, bigint>> = { 4: 0x0a000000n, 6: 0xfd00n << 112n };
const family = fc.constantFrom<Family>(4, 6);
const small = fc
  .record({ family, offset: fc.bigInt(0n, 63n), hostBits: fc.integer({ min: 0, max: 6 }) })
  .map(({ family, offset, hostBits }) =>
    networkOf({ family, value: BASES[family] + offset }, (family === 4 ? 32 : 128) - hostBits),
  );

function coveredBy(networks: readonly Cidr[]): string {
  return ([4, 6] as const)
    .flatMap((family) =>
      Array.from({ length: 64 }, (_, offset) => {
        const address = { family, value: BASES[family] + BigInt(offset) };
        return networks.some((network) => contains(network, address)) ? 'x' : '.';
      }),
    )
    .join('');
}

/** The fewest networks for a block of a model: itself, nothing, or those of its halves. */
function fewest(covered: string): number {
  if (!covered.includes('.')) return 1;
  if (!covered.includes('x')) return 0;
  const half = covered.length / 2;
  return fewest(covered.slice(0, half)) + fewest(covered.slice(half));
}

test('the same addresses as before, in the fewest networks (fast-check)', () => {
  fc.assert(
    fc.property(fc.array(small, { maxLength: 40 }), (networks) => {
      const smallest = aggregate(networks);
      const covered = coveredBy(networks);
      assert.equal(coveredBy(smallest), covered);
      assert.equal(smallest.length, fewest(covered.slice(0, 64)) + fewest(covered.slice(64)));
    }),
  );
});
