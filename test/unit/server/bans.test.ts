import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { BanRecord } from '../../../core/ban/ban_list.ts';
import { Bans } from '../../../server/bans.ts';
import type { BanSettings } from '../../../server/bans.ts';

const MINUTE = 60_000;
const SETTINGS: BanSettings = {
  maxScore: 80,
  durationMs: 5 * MINUTE,
  resetAfterMs: 20 * MINUTE,
  exempt: [],
  points: { wrongPassword: 10, failedConnect: 1 },
};

test('the eighth refused login bans: workers are told, the store remembers', (t) => {
  const { bans, told, stored } = build(t);
  for (let attempt = 1; attempt <= 7; attempt++) bans.loginRefused('203.0.113.7');
  assert.ok(!bans.isBanned('203.0.113.7'));
  assert.deepEqual(told, []);
  bans.loginRefused('203.0.113.7');
  assert.ok(bans.isBanned('203.0.113.7'));
  assert.deepEqual(told, [{ kind: 'bans', add: ['203.0.113.7'], remove: [] }]);
  assert.deepEqual([...stored.keys()], ['203.0.113.7']);
});

test('failed connections of all workers add up, an IPv6 source is its /64', (t) => {
  const { bans, told } = build(t);
  bans.connectsFailed([['2001:db8::1', 40]]);
  bans.connectsFailed([
    ['2001:db8::2', 40],
    ['203.0.113.9', 1],
    ['fe80::1%eth0', 1000],
  ]);
  assert.deepEqual(told, [{ kind: 'bans', add: ['2001:db8::/64'], remove: [] }]);
  assert.deepEqual(
    bans.points().map(({ source, score }) => [source, score]),
    [
      ['2001:db8::/64', 80],
      ['203.0.113.9', 1],
    ],
  );
});

test('a ban ends by itself', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { bans, told, stored, at } = build(t);
  bans.connectsFailed([['203.0.113.7', 80]]);
  at(MINUTE);
  bans.connectsFailed([['203.0.113.8', 80]]);
  at(5 * MINUTE);
  t.mock.timers.tick(5 * MINUTE);
  assert.deepEqual(told.at(-1), { kind: 'bans', add: [], remove: ['203.0.113.7'] });
  at(6 * MINUTE);
  t.mock.timers.tick(MINUTE);
  assert.deepEqual(told.at(-1), { kind: 'bans', add: [], remove: ['203.0.113.8'] });
  assert.deepEqual([...stored.keys()], []);
});

test('bans of the last run go on; those that are over, or exempt now, are forgotten', (t) => {
  const old = [
    { source: '203.0.113.1', score: 80, since: -10 * MINUTE },
    { source: '203.0.113.2', score: 80, since: -MINUTE },
    { source: '203.0.113.3', score: 80, since: -MINUTE },
  ];
  const exempt = [{ address: { family: 4, value: 0xcb007103n }, prefix: 32 } as const];
  const { bans, stored } = build(t, { ...SETTINGS, exempt }, old);
  assert.deepEqual(bans.sources(), ['203.0.113.2']);
  assert.deepEqual([...stored.keys()], ['203.0.113.2']);
});

test('unban takes an address in a network, and knows what it does not know', (t) => {
  const { bans, told } = build(t);
  bans.connectsFailed([['2001:db8::1', 80]]);
  assert.deepEqual(bans.unban('2001:db8::ffff'), { kind: 'done', source: '2001:db8::/64' });
  assert.deepEqual(told.at(-1), { kind: 'bans', add: [], remove: ['2001:db8::/64'] });
  assert.deepEqual(bans.unban('2001:db8::/64'), { kind: 'unknown', source: '2001:db8::/64' });
  assert.equal(bans.unban('somebody'), 'invalid');
});

test('a reload with new points and limits holds for what comes', (t) => {
  const { bans, told } = build(t);
  bans.loginRefused('203.0.113.7');
  bans.configure({ ...SETTINGS, points: { wrongPassword: 70, failedConnect: 0 } });
  bans.connectsFailed([['203.0.113.7', 1000]]);
  assert.equal(bans.size, 0);
  bans.loginRefused('203.0.113.7');
  assert.equal(bans.size, 1);
  bans.configure({ ...SETTINGS, maxScore: 0 });
  assert.deepEqual(told.at(-1), { kind: 'bans', add: [], remove: ['203.0.113.7'] });
});

test('an address is logged at debug only', (t) => {
  const { bans, logged } = build(t);
  bans.connectsFailed([['203.0.113.7', 80]]);
  bans.unban('203.0.113.7');
  const withAddress = logged.filter(({ text }) => text.includes('203.0.113.7'));
  assert.deepEqual(
    withAddress.map(({ level }) => level),
    ['debug', 'debug'],
  );
  assert.equal(logged.length, 4);
});

function build(
  t: TestContext,
  settings: BanSettings = SETTINGS,
  old: readonly BanRecord[] = [],
): {
  bans: Bans;
  told: object[];
  stored: Map<string, BanRecord>;
  logged: { level: string; text: string }[];
  at: (now: number) => void;
} {
  let now = 0;
  const told: object[] = [];
  const logged: { level: string; text: string }[] = [];
  const stored = new Map(old.map((record) => [record.source, record]));
  const logAt = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, text: JSON.stringify({ ...fields, message }) });
  const bans = new Bans(
    {
      store: {
        load: () => [...stored.values()],
        save: (record) => void stored.set(record.source, record),
        delete: (source) => void stored.delete(source),
        close: () => undefined,
      },
      tellWorkers: (message) => told.push(message),
      now: () => now,
      log: { debug: logAt('debug'), info: logAt('info') },
    },
    settings,
  );
  t.after(() => bans.close());
  return { bans, told, stored, logged, at: (time) => (now = time) };
}
