import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, formatIp, parseIp } from '../../../../core/net/address.ts';
import type { IpAddress } from '../../../../core/net/address.ts';
import { recordOf } from '../../../../core/session/session.ts';
import { Bench, START, cidr, policy } from './fixture.ts';

const hosts = new Map([['partners', { pool4: cidr('10.78.0.0/16'), pool6: null }]]);
const groups = new Map([
  ['staff', { pool4: cidr('10.79.0.0/16'), pool6: null }],
  ['guests', { pool4: null, pool6: cidr('fd00:80::/64') }],
  ['plain', { pool4: null, pool6: null }],
]);

test("a group's pool comes before that of the host, and that before the main one", () => {
  const bench = new Bench({ hosts, groups });
  const cases = [
    { vhost: '', groups: [], pools: ['10.77.0.0/16', 'fd00:77::/64'] },
    { vhost: 'partners', groups: [], pools: ['10.78.0.0/16', 'fd00:77::/64'] },
    { vhost: 'partners', groups: ['staff'], pools: ['10.79.0.0/16', 'fd00:77::/64'] },
    { vhost: 'partners', groups: ['guests'], pools: ['10.78.0.0/16', 'fd00:80::/64'] },
    { vhost: '', groups: ['unknown', 'staff', 'guests'], pools: ['10.79.0.0/16', 'fd00:77::/64'] },
    { vhost: '', groups: ['plain', 'staff'], pools: ['10.77.0.0/16', 'fd00:77::/64'] },
  ];
  for (const [index, { vhost, groups: own, pools }] of cases.entries()) {
    bench.login(`user${index}`, { vhost, groups: own });
    const { inside4, inside6 } = bench.open(`user${index}`).grant;
    assert.ok(inside4 !== null && contains(cidr(pools[0] ?? ''), inside4.address), `${index}`);
    assert.ok(inside6 !== null && contains(cidr(pools[1] ?? ''), inside6.address), `${index}`);
    assert.equal(inside4.prefix, 16);
  }
});

test('a full pool of a group does not spill into another', () => {
  const tiny = new Map([['staff', { pool4: cidr('10.79.0.0/30'), pool6: null }]]);
  const bench = new Bench({ groups: tiny });
  bench.login('alice');
  bench.login('bob');
  bench.open('alice');
  assert.deepEqual(bench.refusal('bob'), [503, 'pool-full']);
});

test("a session comes back over a restart with the address of its group's pool", () => {
  const before = new Bench({ groups });
  before.login('alice');
  before.open('alice');
  const session = before.registry.get(1);
  assert.ok(session);
  const after = new Bench({ groups });
  after.registry.restore({ record: recordOf(session), policy }, START, START);
  assert.deepEqual(after.open('alice').grant.inside4?.address, session.inside4);
});

test('a reserved address is leased to nobody by chance, and to its owner always', () => {
  const bench = new Bench({
    pool4: cidr('10.77.0.0/29'),
    pool6: null,
    predictable: false,
    reserved: [ip('10.77.0.3'), ip('192.0.2.1')],
  });
  const others = ['b', 'c', 'd', 'e'].map((user) => {
    bench.login(user);
    const { inside4 } = bench.open(user, { random: 1 }).grant;
    return inside4 && formatIp(inside4.address);
  });
  assert.deepEqual(others, ['10.77.0.4', '10.77.0.5', '10.77.0.6', '10.77.0.2']);
  bench.login('f');
  assert.deepEqual(bench.refusal('f'), [503, 'pool-full']);
  bench.login('alice', { policy: { ...policy, address: ip('10.77.0.3') } });
  bench.open('alice');
  // It stays reserved when its owner has gone, until the configuration says otherwise.
  bench.closed(6, 'user-disconnect');
  assert.deepEqual(bench.refusal('f'), [503, 'pool-full']);
  bench.registry.reserve([]);
  bench.open('f');
});

test('who has an address by chance when it becomes reserved keeps it to the end', () => {
  const bench = new Bench({ pool4: cidr('10.77.0.0/30'), pool6: null });
  bench.login('alice');
  bench.open('alice');
  bench.registry.reserve([ip('10.77.0.2')]);
  bench.login('bob', { policy: { ...policy, address: ip('10.77.0.2') } });
  assert.deepEqual(bench.refusal('bob'), [503, 'address-taken']);
  bench.closed(1, 'user-disconnect');
  bench.login('carol');
  assert.deepEqual(bench.refusal('carol'), [503, 'pool-full']);
  bench.open('bob');
});

test('an address that became reserved is not taken over from the last run', () => {
  const before = new Bench({ pool4: cidr('10.77.0.0/30'), pool6: null });
  before.login('alice');
  before.open('alice');
  const session = before.registry.get(1);
  assert.ok(session);
  const after = new Bench({
    pool4: cidr('10.77.0.0/30'),
    pool6: null,
    reserved: [ip('10.77.0.2')],
  });
  after.registry.restore({ record: recordOf(session), policy }, START, START);
  assert.equal(after.registry.get(1)?.inside4, null);
});

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return parsed;
}
