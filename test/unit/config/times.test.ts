import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import { at, useZone } from '../core/policy/zones.ts';

test('a date as expires is good until its end, by the calendar of the server', (t) => {
  useZone(t, 'Europe/Berlin');
  for (const written of ['2027-03-28', '"2027-03-28"'])
    assert.equal(expires(written), at('2027-03-29 00:00'), written);
});

test('a time as expires is one of the server unless it says otherwise', (t) => {
  useZone(t, 'America/New_York');
  for (const written of ['2027-03-31T18:00:00', '2027-03-31 18:00:00', '"2027-03-31 18:00"'])
    assert.equal(expires(written), at('2027-03-31 18:00'), written);
  for (const written of ['2027-03-31T18:00:00Z', '"2027-03-31 20:00:00+02:00"'])
    assert.equal(expires(written), Date.UTC(2027, 2, 31, 18), written);
});

test('what is no date is refused with its line', () => {
  for (const written of [
    '"2027-02-30"',
    '"31.3.2027"',
    '"2027-03-31 24:00"',
    '"2027-03-31 18:60"',
    '"2027-13-01"',
    '"soon"',
    '18:00:00',
    '20270331',
  ]) {
    const result = loadConfig(`[policy]\nexpires = ${written}\n`, 'f');
    assert.ok(!result.ok, written);
    assert.deepEqual(
      result.problems.map(({ line, key }) => [line, key]),
      [[2, 'policy.expires']],
      written,
    );
  }
});

test('hours and quota are read, and their mistakes are shown with an example', () => {
  const result = loadConfig('policy.hours = "Fri 22:00-06:00"\npolicy.quota = "5GiB/day"', 'f');
  assert.ok(result.ok);
  assert.deepEqual(result.config.policy.hours, {
    spans: [{ from: 4 * 1440 + 1320, to: 5 * 1440 + 360 }],
  });
  assert.deepEqual(result.config.policy.quota, { bytes: 5 * 2 ** 30, per: 'day' });
  const wrong = loadConfig('policy.hours = "9-5"\npolicy.quota = "0GiB/day"', 'f');
  assert.ok(!wrong.ok);
  assert.match(wrong.output, /Mon-Fri 08:00-18:00/);
  assert.match(wrong.output, /100GiB\/month/);
  assert.deepEqual(
    wrong.problems.map(({ key }) => key),
    ['policy.hours', 'policy.quota'],
  );
});

function expires(written: string): number | null {
  const result = loadConfig(`policy.expires = ${written}`, 'f');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result.config.policy.expires;
}
