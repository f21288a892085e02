import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHours, isOpen, nextChange, parseHours } from '../../../../core/policy/hours.ts';
import type { Hours } from '../../../../core/policy/hours.ts';
import { DAY_NAMES, MINUTE_MS, formatLocal } from '../../../../core/policy/local_time.ts';
import { ZONES, at, useZone } from './zones.ts';

test('days and times are open from the first minute to the last but one', (t) => {
  useZone(t, 'Europe/Berlin');
  const hours = parsed('Mon-Fri 08:00-18:00, Sat 09:00-12:00');
  for (const [time, open] of [
    ['2026-11-20 07:59', false],
    ['2026-11-20 08:00', true],
    ['2026-11-20 17:59', true],
    ['2026-11-20 18:00', false],
    ['2026-11-21 08:30', false],
    ['2026-11-21 11:59', true],
    ['2026-11-22 10:00', false],
  ] as const)
    assert.equal(isOpen(hours, at(time)), open, time);
  assert.equal(next(hours, '2026-11-20 12:00'), 'Fri 2026-11-20 18:00');
  assert.equal(next(hours, '2026-11-21 12:00'), 'Mon 2026-11-23 08:00');
});

test('a range that ends before it begins ends on the next day, also on Monday', (t) => {
  useZone(t, 'America/New_York');
  const hours = parsed('Fri 22:00-06:00, Sun 22:00-06:00');
  assert.equal(isOpen(hours, at('2026-11-21 05:59')), true);
  assert.equal(isOpen(hours, at('2026-11-21 06:00')), false);
  assert.equal(next(hours, '2026-11-22 23:00'), 'Mon 2026-11-23 06:00');
});

test('days alone are whole days, and times alone are daily', (t) => {
  useZone(t, 'UTC');
  assert.equal(next(parsed('Sat-Mon'), '2026-11-21 12:00'), 'Tue 2026-11-24 00:00');
  assert.equal(next(parsed('07:30-22:00'), '2026-11-21 12:00'), 'Sat 2026-11-21 22:00');
  assert.deepEqual(parsed('daily 07:30-22:00'), parsed('Mon-Sun 07:30-22:00'));
  assert.deepEqual(parsed('mon 08:00-24:00,tue'), parsed('Mon 08:00-24:00, Tue 00:00-24:00'));
});

test('what is open all week never changes', (t) => {
  useZone(t, 'Europe/Berlin');
  for (const text of ['daily', 'Mon-Sun', 'Wed-Tue', 'daily 00:00-12:00, daily 12:00-24:00']) {
    assert.equal(nextChange(parsed(text), at('2026-11-21 12:00')), undefined, text);
  }
});

test('an hour that summer time skips is never, and one that it repeats counts twice', (t) => {
  useZone(t, 'Europe/Berlin');
  const night = parsed('daily 02:00-03:00');
  assert.equal(next(night, '2026-03-29 00:00'), 'Mon 2026-03-30 02:00');
  const first = at('2026-10-25 02:00');
  assert.equal(isOpen(night, first + 90 * MINUTE_MS), true);
  assert.equal(nextChange(night, first), first + 120 * MINUTE_MS);
  // At 03:00 the clock goes back to 02:00, before the range begins: closed until it begins again.
  const half = parsed('Sun 02:30-04:00');
  assert.equal(nextChange(half, first + 45 * MINUTE_MS), first + 60 * MINUTE_MS);
  assert.equal(nextChange(half, first + 60 * MINUTE_MS), first + 90 * MINUTE_MS);
});

test('what is nearly hours is none', () => {
  for (const text of [
    '',
    ',',
    'Mon-Fri 08:00-18:00,',
    'Mon-Fri 8:00-18:00',
    'Mon-Fri 08:00-25:00',
    'Mon-Fri 08:60-18:00',
    'Mon-Fri 08:00',
    'Mon-Fri08:00-18:00',
    'Mon-Fri 08:00-08:00',
    'Mon-Fri 24:00-08:00',
    'Mon..Fri',
    'Monday',
    'Xyz 08:00-18:00',
    'daily-Fri',
    'Mon, Tue-',
  ])
    assert.equal(parseHours(text), undefined, text);
});

test('hours are written so that they are read again', () => {
  fc.assert(
    fc.property(someHours, (text) => {
      const hours = parsed(text);
      assert.deepEqual(parsed(formatHours(hours)), hours);
    }),
  );
});

/** A week around each of these has a change of the offset to UTC in one of the zones. */
const WEEKS = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-09-06', '2026-10-04', '2026-11-01'];

for (const zone of ZONES) {
  test(`the next change is the first minute at which it is open or not, in ${zone}`, (t) => {
    useZone(t, zone);
    fc.assert(
      fc.property(
        someHours,
        fc.constantFrom(...WEEKS),
        fc.integer({ min: -2 * 1440, max: 2 * 1440 }),
        fc.integer({ min: 0, max: MINUTE_MS - 1 }),
        (text, week, minutes, rest) => {
          const hours = parsed(text);
          const from = at(`${week} 00:00`) + minutes * MINUTE_MS + rest;
          assert.equal(nextChange(hours, from), naiveChange(hours, from), text);
        },
      ),
      { numRuns: 60 },
    );
  });
}

/** Minute by minute, by what the wall clock says. */
function naiveChange(hours: Hours, from: number): number | undefined {
  const open = isOpen(hours, from);
  const first = from - (from % MINUTE_MS) + MINUTE_MS;
  for (let minute = 0; minute < 15 * 1440; minute++) {
    const moment = first + minute * MINUTE_MS;
    if (isOpen(hours, moment) !== open) return moment;
  }
  return undefined;
}

const someTime = fc
  .integer({ min: 0, max: 95 })
  .map((quarter) => `${two(Math.floor(quarter / 4))}:${two((quarter % 4) * 15)}`);
const someDay = fc.constantFrom(...DAY_NAMES);
const someRange = fc
  .tuple(someDay, someDay, someTime, someTime)
  .filter(([, , from, to]) => from !== to)
  .map(([first, last, from, to]) => `${first}-${last} ${from}-${to}`);
const someHours = fc
  .array(fc.oneof(someRange, someDay), { minLength: 1, maxLength: 3 })
  .map((ranges) => ranges.join(', '));

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function parsed(text: string): Hours {
  const hours = parseHours(text);
  assert.ok(hours, text);
  return hours;
}

function next(hours: Hours, from: string): string {
  const moment = nextChange(hours, at(from));
  assert.ok(moment);
  return formatLocal(moment);
}
