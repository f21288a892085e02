import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SparseBitmap } from '../../../../core/net/pool_bitmap.ts';

test('the first clear number is found behind any run of set ones', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.array(fc.tuple(fc.nat(5000), fc.nat(3000)), { maxLength: 8 }),
      fc.array(fc.nat(5000), { maxLength: 50 }),
      (size, runs, holes) => {
        const bitmap = new SparseBitmap(size);
        const model = new Set<number>();
        for (const [start, length] of runs) {
          for (let i = start; i < Math.min(size, start + length); i++) {
            assert.equal(bitmap.set(i), !model.has(i));
            model.add(i);
          }
        }
        for (const hole of holes) {
          assert.equal(bitmap.clear(hole % size), model.delete(hole % size));
          const from = hole % size;
          assert.equal(bitmap.firstClear(from), firstClear(model, from, size));
        }
        assert.equal(bitmap.firstClear(0), firstClear(model, 0, size));
        assert.equal(bitmap.count, model.size);
      },
    ),
    { numRuns: 200 },
  );
});

test('a bitmap of 2^32 numbers reaches its last one', () => {
  const bitmap = new SparseBitmap(2 ** 32);
  const last = 2 ** 32 - 1;
  assert.equal(bitmap.firstClear(last), last);
  bitmap.set(last);
  assert.equal(bitmap.firstClear(last), undefined);
  assert.equal(bitmap.firstClear(last - 1), last - 1);
  assert.equal(bitmap.has(last), true);
});

function firstClear(taken: ReadonlySet<number>, from: number, size: number): number | undefined {
  for (let i = from; i < size; i++) if (!taken.has(i)) return i;
  return undefined;
}
