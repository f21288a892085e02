import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLocal } from '../../../../core/policy/local_time.ts';
import {
  PERIODS,
  addBytes,
  periodEnd,
  periodStart,
  usedBytes,
} from '../../../../core/policy/quota.ts';
import { ZONES, at, useZone } from './zones.ts';

test('a day ends at midnight, a week on Sunday, a month on its last day', (t) => {
  useZone(t, 'Europe/Berlin');
  const now = at('2026-11-21 23:50');
  const limits = PERIODS.map((per) =>
    [periodStart(per, now), periodEnd(per, now)].map(formatLocal).join(' to '),
  );
  assert.deepEqual(limits, [
    'Sat 2026-11-21 00:00 to Sun 2026-11-22 00:00',
    'Mon 2026-11-16 00:00 to Mon 2026-11-23 00:00',
    'Sun 2026-11-01 00:00 to Tue 2026-12-01 00:00',
  ]);
});

test('days of summer time have 23 and 25 hours, and no hole between them', (t) => {
  useZone(t, 'Europe/Berlin');
  const hoursOf = (day: string): number => {
    const noon = at(`${day} 12:00`);
    return (periodEnd('day', noon) - periodStart('day', noon)) / 3_600_000;
  };
  assert.deepEqual(['2026-03-29', '2026-10-25', '2026-11-21'].map(hoursOf), [23, 25, 24]);
});

for (const zone of ZONES) {
  test(`periods follow one another without a gap in ${zone}`, (t) => {
    useZone(t, zone);
    const moments = fc.integer({ min: at('2026-01-01 00:00'), max: at('2028-01-01 00:00') });
    fc.assert(
      fc.property(fc.constantFrom(...PERIODS), moments, (per, now) => {
        const [start, end] = [periodStart(per, now), periodEnd(per, now)];
        assert.ok(start <= now && now < end);
        assert.equal(periodStart(per, end), end);
        assert.equal(periodEnd(per, end - 1), end);
        assert.equal(periodStart(per, end - 1), start);
      }),
    );
  });
}

test('what was used in a period is forgotten in the next, each for itself', (t) => {
  useZone(t, 'Europe/Berlin');
  const saturday = at('2026-11-21 12:00');
  const sunday = at('2026-11-22 12:00');
  const monday = at('2026-11-23 12:00');
  const december = at('2026-12-01 00:00');
  let usage = addBytes(undefined, 100, saturday);
  usage = addBytes(usage, 10, sunday);
  const used = (now: number): number[] => PERIODS.map((per) => usedBytes(usage, per, now));
  assert.deepEqual(used(sunday), [10, 110, 110]);
  assert.deepEqual(used(monday), [0, 0, 110]);
  assert.deepEqual(used(december), [0, 0, 0]);
  assert.equal(usedBytes(undefined, 'day', sunday), 0);
});

test('a clock that is put back forgets nothing', (t) => {
  useZone(t, 'UTC');
  const usage = addBytes(undefined, 100, at('2026-12-01 00:00'));
  assert.equal(usedBytes(usage, 'day', at('2026-11-30 23:59')), 100);
  assert.equal(
    usedBytes(addBytes(usage, 1, at('2026-11-30 23:59')), 'month', at('2026-12-02 00:00')),
    101,
  );
});
