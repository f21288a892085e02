import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatIp, parseIp } from '../../../../core/net/address.ts';
import type { IpAddress } from '../../../../core/net/address.ts';
import type { SessionPolicy } from '../../../../core/policy/policy.ts';
import { recordOf } from '../../../../core/session/session.ts';
import { Bench, START, policy, told } from './fixture.ts';

describe('a fixed address', () => {
  test('is leased when it lies in the pool and is free', () => {
    const bench = new Bench();
    bench.login('alice', { policy: fixed('10.77.3.4', 'fd00:77::99') });
    const { grant } = bench.open('alice');
    assert.deepEqual(grant.inside4, { address: ip('10.77.3.4'), prefix: 16 });
    assert.deepEqual(grant.inside6, { address: ip('fd00:77::99'), prefix: 128 });
  });

  test('is leased outside of the pool too, alone in its network', () => {
    const bench = new Bench();
    bench.login('alice', { policy: fixed('192.0.2.9', '2001:db8::9') });
    const { grant, effects } = bench.open('alice');
    assert.deepEqual(grant.inside4, { address: ip('192.0.2.9'), prefix: 32 });
    assert.deepEqual(grant.inside6, { address: ip('2001:db8::9'), prefix: 128 });
    assert.deepEqual(told(effects).slice(0, 2), ['own 192.0.2.9 0', 'own 2001:db8::9 0']);
  });

  test('gives a family that has no pool', () => {
    const bench = new Bench({ pool6: null });
    bench.login('alice', { policy: fixed(null, '2001:db8::9') });
    assert.deepEqual(bench.open('alice').grant.inside6?.address, ip('2001:db8::9'));
  });

  for (const address of ['192.0.2.9', '10.77.3.4']) {
    test(`that another session has (${address}) refuses the tunnel until that session ends`, () => {
      const bench = new Bench();
      bench.login('alice', { policy: fixed(address) });
      bench.login('bob', { policy: fixed(address) });
      bench.open('alice');
      assert.deepEqual(bench.refusal('bob'), [503, 'address-taken']);
      bench.closed(1, 'lost');
      assert.deepEqual(bench.refusal('bob'), [503, 'address-taken']);
      bench.open('alice');
      bench.closed(1, 'user-disconnect');
      assert.equal(bench.address4(bench.open('bob').grant.session), address);
    });
  }

  test('that a stranger got from the pool refuses the tunnel', () => {
    const bench = new Bench({ predictable: false });
    bench.login('alice');
    bench.open('alice', { random: 7 });
    bench.login('bob', { policy: fixed(bench.address4(1)) });
    assert.deepEqual(bench.refusal('bob'), [503, 'address-taken']);
  });

  test('leaves nothing leased when the one of the other family is refused', () => {
    const bench = new Bench();
    bench.login('alice', { policy: fixed('192.0.2.9', 'fd00:77::1') });
    assert.deepEqual(bench.refusal('alice'), [503, 'address-unusable']);
    bench.login('bob', { policy: fixed('192.0.2.9') });
    bench.open('bob');
  });

  for (const address of ['10.77.0.0', '10.77.0.1', '10.77.255.255', '127.0.0.1', '224.0.0.1']) {
    test(`is never the server's, a network's or nobody's: ${address}`, () => {
      const bench = new Bench();
      bench.login('alice', { policy: fixed(address) });
      assert.deepEqual(bench.refusal('alice'), [503, 'address-unusable']);
    });
  }

  test("goes to the person's newest login when the one that held it has no tunnel", () => {
    const bench = new Bench();
    bench.login('alice', { policy: fixed('10.77.3.4'), cookieHash: 'a' });
    bench.open('alice', { cookieHash: 'a' });
    bench.login('alice', { policy: fixed('10.77.3.4'), cookieHash: 'b' });
    assert.deepEqual(bench.refusal('alice', { cookieHash: 'b' }), [503, 'address-taken']);
    bench.closed(1, 'lost');
    const { effects } = bench.open('alice', { cookieHash: 'b' });
    assert.equal(told(effects)[0], 'delete 1 displaced');
    assert.equal(bench.address4(2), '10.77.3.4');
  });

  test('comes back over a restart, also one outside of the pool', () => {
    const before = new Bench();
    const mine = fixed('192.0.2.9', '2001:db8::9');
    before.login('alice', { policy: mine });
    before.open('alice');
    const session = before.registry.get(1);
    assert.ok(session);
    const after = new Bench();
    after.registry.restore({ record: recordOf(session), policy: mine }, START, START);
    after.login('bob', { policy: mine });
    assert.deepEqual(after.refusal('bob'), [503, 'address-taken']);
    assert.equal(after.address4(after.open('alice').grant.session), '192.0.2.9');
  });

  test('that the policy no longer fixes is not taken over from the last run', () => {
    const before = new Bench();
    before.login('alice', { policy: fixed('192.0.2.9') });
    before.open('alice');
    const session = before.registry.get(1);
    assert.ok(session);
    const after = new Bench();
    after.registry.restore({ record: recordOf(session), policy }, START, START);
    assert.equal(after.registry.get(1)?.inside4, null);
  });
});

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  assert.equal(formatIp(parsed), text);
  return parsed;
}

const fixed = (address: string | null, address6: string | null = null): SessionPolicy => ({
  ...policy,
  address: address === null ? null : ip(address),
  address6: address6 === null ? null : ip(address6),
});
