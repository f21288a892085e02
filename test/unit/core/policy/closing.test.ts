import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedBy, endingOf } from '../../../../core/policy/closing.ts';
import { parseHours } from '../../../../core/policy/hours.ts';
import { MINUTE, policy } from '../session/fixture.ts';
import { at, useZone } from './zones.ts';

const HOUR = 60 * MINUTE;
const hours = parseHours('Mon-Fri 08:00-18:00') ?? null;

test('a session ends by whatever comes first, and for that reason', (t) => {
  useZone(t, 'UTC');
  const noon = at('2026-11-20 12:00');
  assert.equal(endingOf(noon, policy, noon), null);
  const all = { ...policy, session_timeout: HOUR, hours, expires: noon + 2 * HOUR };
  assert.deepEqual(endingOf(noon, all, noon), { at: noon + HOUR, end: 'session-timeout' });
  assert.deepEqual(endingOf(noon, { ...all, session_timeout: 0 }, noon), {
    at: noon + 2 * HOUR,
    end: 'account-expired',
  });
  assert.deepEqual(endingOf(noon, { ...policy, session_timeout: 24 * HOUR, hours }, noon), {
    at: noon + 6 * HOUR,
    end: 'hours-over',
  });
});

test('the end of the hours counts from the login: a restart in the next hours puts nothing off', (t) => {
  useZone(t, 'UTC');
  const thursday = at('2026-11-19 09:00');
  const friday = at('2026-11-20 09:00');
  const ending = endingOf(thursday, { ...policy, hours }, friday);
  assert.deepEqual(ending, { at: at('2026-11-19 18:00'), end: 'hours-over' });
});

test('hours that were changed over a restart, so that the login is outside, count from now', (t) => {
  useZone(t, 'UTC');
  const night = at('2026-11-20 03:00');
  const morning = at('2026-11-20 09:00');
  assert.equal(endingOf(night, { ...policy, hours }, morning)?.at, at('2026-11-20 18:00'));
  assert.equal(endingOf(night, { ...policy, hours }, night + HOUR)?.at, night + HOUR);
});

test('who is kept out hears until when', (t) => {
  useZone(t, 'UTC');
  const quota = { bytes: 1000, per: 'day' } as const;
  const full = { ...policy, hours, quota, expires: at('2026-12-31 00:00') };
  const noon = at('2026-11-20 12:00');
  assert.equal(closedBy(full, 999, noon), undefined);
  assert.deepEqual(closedBy(full, 1000, noon), {
    end: 'quota-used',
    until: at('2026-11-21 00:00'),
  });
  assert.deepEqual(closedBy(full, 1000, at('2026-11-20 18:00')), {
    end: 'hours-over',
    until: at('2026-11-23 08:00'),
  });
  assert.deepEqual(closedBy(full, 0, at('2026-12-31 00:00')), {
    end: 'account-expired',
    until: null,
  });
  assert.equal(closedBy(policy, 1e15, noon), undefined);
});
