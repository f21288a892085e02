import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Durations, readDurations } from '../../../../core/metrics/durations.ts';
import { Histogram } from '../../../../core/metrics/histogram.ts';
import { isKnownSum, NAMED_SUMS } from '../../../../core/metrics/sums.ts';
import { Totals } from '../../../../core/metrics/totals.ts';

test('what a process counted stays when its successor begins at 0', () => {
  const totals = new Totals(() => true);
  totals.take('worker-0', 10, { packets: 40 });
  totals.take('worker-1', 11, { packets: 2 });
  totals.gone('worker-0', 10);
  assert.equal(totals.sum('packets'), 42);
  totals.take('worker-0', 10, { packets: 5 });
  assert.equal(totals.sum('packets'), 47);
  assert.deepEqual([totals.of('worker-0', 'packets'), totals.of('auth', 'packets')], [45, 0]);
});

test('an old process and its successor may speak at the same time', () => {
  const totals = new Totals(() => true);
  totals.take('plugins', 1, { gc: 100 });
  totals.take('plugins', 2, { gc: 1 });
  totals.take('plugins', 1, { gc: 101 });
  totals.gone('plugins', 1);
  totals.take('plugins', 2, { gc: 2 });
  assert.equal(totals.sum('gc'), 103);
});

test('a child may neither invent names, nor count back, nor say what is no number', () => {
  const totals = new Totals(isKnownSum);
  totals.take('worker-0', 1, { forwarded: 5, 'a name of its own': 9 });
  totals.take('worker-0', 1, { forwarded: 3 });
  totals.take('worker-0', 1, { forwarded: NaN });
  totals.take('worker-0', 1, { forwarded: 'x' as unknown as number });
  totals.take('worker-0', 1, { forwarded: Infinity });
  assert.deepEqual([totals.sum('forwarded'), totals.sum('a name of its own')], [5, 0]);
});

test('a total never goes back, whatever dies when', () => {
  const step = fc.record({
    process: fc.constantFrom('a', 'b'),
    more: fc.nat(1000),
    dies: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const totals = new Totals(() => true);
      const alive = new Map<string, number>();
      let [expected, before] = [0, 0];
      for (const { process, more, dies } of steps) {
        const count = (alive.get(process) ?? 0) + more;
        totals.take(process, 1, { n: count });
        alive.set(process, count);
        expected += more;
        if (dies) {
          totals.gone(process, 1);
          alive.delete(process);
        }
        assert.ok(totals.sum('n') >= before);
        before = totals.sum('n');
      }
      assert.equal(totals.sum('n'), expected);
    }),
  );
});

test('every sum has one place on the page', () => {
  const places = NAMED_SUMS.map(({ family, labels }) => [family.name, ...labels].join(' '));
  assert.equal(new Set(places).size, places.length);
  for (const { family, labels, name } of NAMED_SUMS)
    assert.equal(labels.length, family.labels.length, name);
});

test('durations are counted by upper bound, in seconds, and survive the way to the primary', () => {
  const took = new Durations('tls');
  for (const ms of [5, 6, 100, 4000, 60_000]) took.add(ms);
  const { buckets, count, sum } = readDurations('tls', (name) => took.sums[name] ?? 0);
  assert.deepEqual([count, sum], [5, 64.111]);
  const at = (upTo: number): number | undefined =>
    buckets.find((bucket) => bucket.upTo === upTo)?.count;
  assert.deepEqual([at(0.005), at(0.01), at(0.1), at(2.5), at(5)], [1, 2, 3, 3, 4]);
});

test('a histogram counts what is equal to a bound below it', () => {
  const depths = new Histogram([0, 4]);
  for (const depth of [0, 0, 1, 4, 5]) depths.observe(depth);
  assert.deepEqual(depths.read(), {
    buckets: [
      { upTo: 0, count: 2 },
      { upTo: 4, count: 4 },
    ],
    count: 5,
    sum: 10,
  });
});
