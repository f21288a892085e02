import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BanList } from '../../../../core/ban/ban_list.ts';
import type { BanRules } from '../../../../core/ban/ban_list.ts';
import { formatSource, parseSource, sourceOf } from '../../../../core/ban/source.ts';
import { parseCidr, parseIp } from '../../../../core/net/address.ts';
import type { Cidr } from '../../../../core/net/address.ts';

const MINUTE = 60_000;
const RULES: BanRules = {
  maxScore: 80,
  durationMs: 5 * MINUTE,
  resetAfterMs: 20 * MINUTE,
  exempt: [],
};

test('eight wrong passwords at 10 points ban a source at 80, and not seven', () => {
  const list = new BanList(RULES);
  for (let attempt = 1; attempt <= 7; attempt++) {
    assert.deepEqual(list.add(from('203.0.113.7'), 10, 0).banned, []);
  }
  assert.ok(!list.isBanned('203.0.113.7', 0));
  assert.deepEqual(list.add(from('203.0.113.7'), 10, 5).banned, [
    { source: '203.0.113.7', score: 80, since: 5 },
  ]);
  assert.ok(list.isBanned('203.0.113.7', 5));
  assert.equal(list.bans, 1);
});

test('what comes during a ban does not lengthen it, and after it the source begins anew', () => {
  const list = new BanList(RULES);
  list.add(from('203.0.113.7'), 80, 0);
  assert.deepEqual(list.add(from('203.0.113.7'), 10, 4 * MINUTE), { banned: [], lifted: [] });
  assert.equal(list.nextDeadline(), 5 * MINUTE);
  assert.ok(list.isBanned('203.0.113.7', 5 * MINUTE - 1));
  assert.ok(!list.isBanned('203.0.113.7', 5 * MINUTE));
  assert.deepEqual(list.sweep(5 * MINUTE).lifted, ['203.0.113.7']);
  assert.deepEqual([list.size, list.bans, list.nextDeadline()], [0, 0, undefined]);
  assert.deepEqual(list.add(from('203.0.113.7'), 79, 6 * MINUTE).banned, []);
});

test('points are forgotten when nothing new came for the time of reset_after', () => {
  const list = new BanList(RULES);
  list.add(from('203.0.113.7'), 79, 0);
  list.add(from('203.0.113.7'), 0, 15 * MINUTE);
  list.add(from('203.0.113.7'), 79, 20 * MINUTE);
  assert.equal(list.bans, 0);
  assert.equal(list.add(from('203.0.113.7'), 1, 39 * MINUTE).banned.length, 1);
});

test('a whole /64 is one source, an IPv4-mapped address is the IPv4 address', () => {
  const list = new BanList(RULES);
  list.add(from('2001:db8:1:2::5'), 40, 0);
  list.add(from('2001:db8:1:2:ffff::1'), 40, 0);
  assert.ok(list.isBanned('2001:db8:1:2::/64', 0));
  assert.ok(!list.isBanned('2001:db8:1:3::/64', 0));
  list.add(from('::ffff:203.0.113.7'), 80, 0);
  assert.ok(list.isBanned('203.0.113.7', 0));
});

test('a source with an address in an exempt network collects nothing', () => {
  const exempt = [network('203.0.113.0/24'), network('2001:db8::5/128')];
  const list = new BanList({ ...RULES, exempt });
  list.add(from('203.0.113.7'), 1000, 0);
  // The /64 would take the one allowed address in it down with it.
  list.add(from('2001:db8::6'), 1000, 0);
  assert.equal(list.size, 0);
});

test('max_score = 0 bans nobody', () => {
  const list = new BanList({ ...RULES, maxScore: 0 });
  list.add(from('203.0.113.7'), 1000, 0);
  assert.equal(list.size, 0);
});

test('an unban forgets the points, too, and says whether the source was known', () => {
  const list = new BanList(RULES);
  list.add(from('203.0.113.7'), 80, 0);
  list.add(from('203.0.113.8'), 79, 0);
  const nothing = { banned: [], lifted: [] };
  assert.deepEqual(list.forget('203.0.113.7', 1), {
    known: true,
    changes: { banned: [], lifted: ['203.0.113.7'] },
  });
  assert.deepEqual(list.forget('203.0.113.8', 1), { known: true, changes: nothing });
  assert.deepEqual(list.forget('203.0.113.9', 1), { known: false, changes: nothing });
  assert.equal(list.size, 0);
});

test('a full list makes room by the oldest light source, then the oldest heavy one', () => {
  const list = new BanList(RULES, { capacity: 3 });
  list.add(from('203.0.113.1'), 40, 0);
  list.add(from('203.0.113.2'), 39, 1);
  list.add(from('203.0.113.3'), 1, 2);
  list.add(from('203.0.113.4'), 1, 3);
  assert.deepEqual(known(list), ['203.0.113.1', '203.0.113.3', '203.0.113.4']);
  list.add(from('203.0.113.3'), 50, 4);
  list.add(from('203.0.113.4'), 50, 5);
  list.add(from('203.0.113.5'), 1, 6);
  assert.deepEqual(known(list), ['203.0.113.3', '203.0.113.4', '203.0.113.5']);
});

test('when all are banned, the oldest ban makes room', () => {
  const list = new BanList(RULES, { capacity: 2 });
  list.add(from('203.0.113.1'), 80, 0);
  list.add(from('203.0.113.2'), 80, 1);
  assert.deepEqual(list.add(from('203.0.113.3'), 1, 2).lifted, ['203.0.113.1']);
});

test('a flood of 300,000 sources holds 100,000', () => {
  const list = new BanList(RULES);
  const address = { family: 4, value: 0n } as const;
  for (let value = 0; value < 300_000; value++) {
    list.add({ address: { ...address, value: BigInt(value) }, prefix: 32 }, 1, value / 1000);
  }
  assert.equal(list.size, 100_000);
});

test('a reload changes the length of bans that run, and lets go who may not be banned', () => {
  const list = new BanList(RULES);
  list.add(from('203.0.113.1'), 80, 0);
  list.add(from('203.0.113.2'), 80, 2 * MINUTE);
  list.add(from('203.0.113.3'), 79, 2 * MINUTE);
  const shorter = { ...RULES, durationMs: MINUTE };
  assert.deepEqual(list.setRules(shorter, 2 * MINUTE).lifted, ['203.0.113.1']);
  const allowed = { ...RULES, exempt: [network('203.0.113.2/32')] };
  assert.deepEqual(list.setRules(allowed, 2 * MINUTE).lifted, ['203.0.113.2']);
  assert.deepEqual(known(list), ['203.0.113.3']);
  assert.equal(list.setRules({ ...RULES, maxScore: 50 }, 2 * MINUTE).banned.length, 0);
  assert.equal(list.add(from('203.0.113.3'), 1, 2 * MINUTE).banned.length, 1);
  assert.deepEqual(list.setRules({ ...RULES, maxScore: 0 }, 2 * MINUTE).lifted, ['203.0.113.3']);
  assert.equal(list.size, 0);
});

test('bans of an earlier run go on where the rules still want them', () => {
  const list = new BanList({ ...RULES, exempt: [network('203.0.113.9/32')] });
  const restored = ['203.0.113.1', '2001:db8::/64', '203.0.113.9', 'nonsense'].map((source) =>
    list.restore({ source, score: 80, since: MINUTE }, 2 * MINUTE),
  );
  assert.deepEqual(restored, [true, true, false, false]);
  assert.equal(list.restore({ source: '203.0.113.3', score: 80, since: 0 }, 5 * MINUTE), false);
  assert.equal(list.nextDeadline(), 6 * MINUTE);
  assert.deepEqual(list.sweep(6 * MINUTE).lifted, ['203.0.113.1', '2001:db8::/64']);
});

test('a ban from the future, after the clock was set back, is as long as any other', () => {
  const list = new BanList(RULES);
  list.restore({ source: '203.0.113.1', score: 80, since: 1e12 }, 7 * MINUTE);
  assert.equal(list.nextDeadline(), 12 * MINUTE);
});

function known(list: BanList): string[] {
  return list
    .points()
    .map(({ source }) => source)
    .sort();
}

function from(address: string): Cidr {
  const ip = parseIp(address);
  assert.ok(ip !== undefined);
  return sourceOf(ip);
}

function network(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed !== undefined);
  return parsed.network;
}

test('a source is named by an address in it or as it is listed', () => {
  const names = ['203.0.113.7', '2001:db8::9', '2001:db8::/64', '::ffff:1.2.3.4', '203.0.113.7/32'];
  assert.deepEqual(names.map(nameOf), [
    '203.0.113.7',
    '2001:db8::/64',
    '2001:db8::/64',
    '1.2.3.4',
    '203.0.113.7',
  ]);
  assert.deepEqual(
    ['203.0.113.0/24', '2001:db8::/48', 'host', ''].map(nameOf),
    Array(4).fill(undefined),
  );
});

function nameOf(text: string): string | undefined {
  const source = parseSource(text);
  return source && formatSource(source);
}
