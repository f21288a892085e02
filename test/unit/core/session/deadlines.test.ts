import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../../../core/session/deadlines.ts';

const changes = fc.array(
  fc.record({ session: fc.nat(20), at: fc.option(fc.nat(50), { nil: null, freq: 4 }) }),
  { maxLength: 200, size: 'max' },
);

test('the first deadline is the smallest of those set, moved and removed at random', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const deadlines = new Deadlines();
      const model = new Map<number, number>();
      for (const { session, at } of list) {
        deadlines.set(session, at);
        if (at === null) model.delete(session);
        else model.set(session, at);
        const first = deadlines.first();
        assert.equal(first?.at ?? Infinity, Math.min(...model.values()));
        if (first !== undefined) assert.equal(model.get(first.session), first.at);
      }
    }),
  );
});

test('deadlines come out in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 100, size: 'max' }), (times) => {
      const deadlines = new Deadlines();
      for (const [session, at] of times.entries()) deadlines.set(session, at);
      const drained: number[] = [];
      for (let next = deadlines.first(); next !== undefined; next = deadlines.first()) {
        drained.push(next.at);
        deadlines.set(next.session, null);
      }
      assert.deepEqual(
        drained,
        times.toSorted((a, b) => a - b),
      );
    }),
  );
});
