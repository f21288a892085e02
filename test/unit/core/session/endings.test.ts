import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextChange, parseHours } from '../../../../core/policy/hours.ts';
import { recordOf } from '../../../../core/session/session.ts';
import { at, useZone } from '../policy/zones.ts';
import { Bench, MINUTE, START, policy, told } from './fixture.ts';

const hours = parseHours('Mon-Fri 08:00-18:00') ?? null;

test('the end of the hours ends a session aloud, and no reconnect puts it off', (t) => {
  useZone(t, 'Europe/Berlin');
  const bench = new Bench();
  bench.now = at('2026-11-20 17:00');
  const end = at('2026-11-20 18:00');
  bench.login('alice', { policy: { ...policy, hours } });
  const { grant } = bench.open('alice');
  assert.deepEqual([grant.sessionEndsAt, grant.sessionEndsBy], [end, 'hours-over']);
  bench.now += 30 * MINUTE;
  bench.closed(1, 'lost');
  assert.equal(bench.open('alice').grant.sessionEndsAt, end);
  assert.equal(bench.registry.nextDeadline(), end);
  const lines = told(bench.registry.sweep(end));
  assert.equal(lines[0], 'close 0/2 hours-over aloud');
  assert.equal(lines.at(-1), 'delete 1 hours-over');
  assert.deepEqual(bench.refusal('alice'), [401, 'unknown-cookie']);
});

test('an account that expires ends its session, whichever clock sees it first', () => {
  for (const end of ['account-expired', 'hours-over', 'session-timeout'] as const) {
    const bench = new Bench();
    bench.login('alice', { policy: { ...policy, expires: START + MINUTE } });
    bench.open('alice');
    assert.equal(told(bench.closed(1, end)).at(-1), `delete 1 ${end}`);
  }
  const bench = new Bench();
  bench.login('alice', { policy: { ...policy, expires: START + MINUTE } });
  bench.open('alice');
  assert.equal(told(bench.registry.sweep(START + MINUTE)).at(-1), 'delete 1 account-expired');
});

test('a quota that is used up ends a session aloud', () => {
  const bench = new Bench();
  const session = bench.login('alice');
  bench.open('alice');
  const now = bench.registry.get(session.session) ?? session;
  const lines = told(bench.registry.quotaUsed(now));
  assert.equal(lines[0], 'close 0/1 quota-used aloud');
  assert.equal(lines.at(-1), 'delete 1 quota-used');
});

test('a restart puts no end off', (t) => {
  useZone(t, 'Europe/Berlin');
  const before = new Bench();
  before.now = at('2026-11-20 17:00');
  const limited = { ...policy, session_timeout: 24 * 60 * MINUTE, hours };
  const record = recordOf(before.login('alice', { policy: limited }));
  const end = hours && nextChange(hours, before.now);
  // The next morning of work, when the hours are open again.
  for (const now of [at('2026-11-20 17:30'), at('2026-11-23 09:00')]) {
    const after = new Bench();
    after.registry.restore({ record, policy: limited }, before.now, now);
    assert.deepEqual(after.registry.get(1)?.ending, { at: end, end: 'hours-over' });
    assert.equal(after.registry.sweep(now).length > 0, now > (end ?? 0));
  }
});
