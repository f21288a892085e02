import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseIp } from '../../../../core/net/address.ts';
import type { IpAddress } from '../../../../core/net/address.ts';
import type { SessionPolicy } from '../../../../core/policy/policy.ts';
import type { OpenOutcome } from '../../../../core/session/requests.ts';
import { recordOf } from '../../../../core/session/session.ts';
import { Bench, START, cidr, policy, told } from './fixture.ts';

describe('networks behind a client', () => {
  test("are its worker's with the tunnel, and nobody's without", () => {
    const bench = new Bench();
    bench.login('site', { policy: behind('192.168.40.0/24', 'fd01::/48') });
    const { effects } = bench.open('site', { worker: 2 });
    assert.deepEqual(told(effects).slice(2, 4), ['own 192.168.40.0/24 2', 'own fd01::/48 2']);
    assert.deepEqual(told(bench.closed(1, 'lost')).slice(2, 4), [
      'own 192.168.40.0/24 -1',
      'own fd01::/48 -1',
    ]);
  });

  test('move with the session to another worker without being let go', () => {
    const bench = new Bench();
    bench.login('site', { policy: behind('192.168.40.0/24') });
    bench.open('site', { worker: 0 });
    const owners = told(bench.open('site', { worker: 1 }).effects).filter((line) =>
      line.includes('/24'),
    );
    assert.deepEqual(owners, ['own 192.168.40.0/24 1']);
  });

  test('are refused to a second session, also in part, until the tunnel of the first is gone', () => {
    const bench = new Bench();
    bench.login('first', { policy: behind('192.168.40.0/24') });
    bench.login('larger', { policy: behind('192.168.0.0/16') });
    bench.login('smaller', { policy: behind('192.168.40.128/25') });
    bench.login('beside', { policy: behind('192.168.41.0/24') });
    bench.open('first');
    for (const user of ['larger', 'smaller']) {
      const outcome = bench.tryOpen(user);
      assert.deepEqual(reasonOf(outcome), [503, 'network-taken']);
      assert.equal(outcome.kind === 'refused' && outcome.conflict?.with, 'session');
    }
    bench.open('beside');
    // Its address waits for the first; what lies behind it does not.
    bench.closed(1, 'lost');
    bench.open('smaller');
    assert.deepEqual(bench.refusal('first'), [503, 'network-taken']);
  });

  test('are let go by every way in which a tunnel can end', () => {
    const bench = new Bench();
    bench.login('first', { policy: behind('192.168.40.0/24') });
    bench.login('second', { policy: behind('192.168.40.0/24') });
    const endings = [
      () => bench.closed(1, 'lost'),
      () => bench.registry.workerGone(0, bench.now),
      () => bench.registry.disconnect(session(bench, 1), bench.now),
      () => bench.registry.terminate(session(bench, 1)),
    ];
    for (const end of endings) {
      bench.open('first');
      assert.deepEqual(bench.refusal('second'), [503, 'network-taken']);
      end();
      bench.open('second');
      bench.registry.disconnect(session(bench, 2), bench.now);
    }
  });

  test('never overlap a pool, a network of the server or the client outside', () => {
    const bench = new Bench({
      serverNetworks: () => [cidr('203.0.113.0/24'), cidr('2001:db8:1::/64')],
    });
    const unusable = [
      ['10.0.0.0/8', '10.77.0.0/16'],
      ['10.77.3.0/24', '10.77.0.0/16'],
      ['fd00:77::/96', 'fd00:77::/64'],
      ['203.0.113.128/25', '203.0.113.0/24'],
      ['2001:db8::/32', '2001:db8:1::/64'],
      ['192.0.2.0/24', '192.0.2.1/32'],
    ] as const;
    for (const [network, other] of unusable) {
      bench.login(network, { policy: behind(network) });
      const outcome = bench.tryOpen(network);
      assert.deepEqual(reasonOf(outcome), [503, 'network-unusable'], network);
      assert.ok(outcome.kind === 'refused' && outcome.conflict?.with !== 'session');
      assert.deepEqual(outcome.conflict?.other, cidr(other));
    }
  });

  test('hold no fixed address of another session, and a fixed address keeps others away', () => {
    const bench = new Bench();
    bench.login('site', { policy: { ...behind('192.168.40.0/24'), address: ip('192.168.40.1') } });
    bench.login('inside', { policy: { ...policy, address: ip('192.168.40.9') } });
    assert.equal(bench.open('site').grant.inside4?.prefix, 32);
    assert.deepEqual(bench.refusal('inside'), [503, 'address-taken']);
    bench.closed(1, 'user-disconnect');
    bench.open('inside');
    bench.login('site', { policy: behind('192.168.40.0/24') });
    assert.deepEqual(bench.refusal('site'), [503, 'network-taken']);
  });

  test('a refused session has leased nothing', () => {
    const bench = new Bench({ pool4: cidr('10.77.0.0/30'), pool6: null });
    bench.login('site', { policy: behind('10.0.0.0/8') });
    assert.deepEqual(bench.refusal('site'), [503, 'network-unusable']);
    bench.login('alice');
    bench.open('alice');
  });
});

describe('a network of IPv6 for each client', () => {
  const options = { pool6: cidr('fd00:77::/48'), clientPrefix6: 64 };

  test('is leased whole, and its owner has each address of it', () => {
    const bench = new Bench({ ...options, predictable: false });
    bench.login('alice');
    const { grant, effects } = bench.open('alice', { random: 4 });
    assert.deepEqual(grant.inside6, { address: ip('fd00:77:0:5::1'), prefix: 64 });
    assert.deepEqual(told(effects).slice(1, 3), ['own fd00:77:0:5::1 0', 'own fd00:77:0:5::/64 0']);
    bench.login('bob');
    assert.deepEqual(bench.open('bob', { random: 4 }).grant.inside6?.address, ip('fd00:77:0:6::1'));
  });

  test('comes with any fixed address in it', () => {
    const bench = new Bench(options);
    bench.login('alice', { policy: { ...policy, address6: ip('fd00:77:0:9::abcd') } });
    const { grant } = bench.open('alice');
    assert.deepEqual(grant.inside6, { address: ip('fd00:77:0:9::abcd'), prefix: 64 });
    bench.login('bob', { policy: { ...policy, address6: ip('fd00:77:0:9::2') } });
    assert.deepEqual(bench.refusal('bob'), [503, 'address-taken']);
    bench.login('carol', { policy: { ...policy, address6: ip('fd00:77::9') } });
    assert.deepEqual(bench.refusal('carol'), [503, 'address-unusable'], "the server's own network");
  });

  test('comes from outside of the pools with address6_prefix, over a restart too', () => {
    const mine = { ...policy, address6: ip('2001:db8:aa::1'), address6_prefix: 56 };
    const before = new Bench(options);
    before.login('alice', { policy: mine });
    const first = before.open('alice');
    assert.deepEqual(first.grant.inside6, { address: ip('2001:db8:aa::1'), prefix: 56 });
    before.login('bob', { policy: { ...policy, address6: ip('2001:db8:aa:ff::7') } });
    assert.deepEqual(before.refusal('bob'), [503, 'address-taken']);

    const after = new Bench(options);
    const record = recordOf(session(before, 1));
    after.registry.restore({ record, policy: mine }, START, START);
    assert.equal(after.open('alice').grant.inside6?.prefix, 56);
  });

  test('is never larger than what its pool leases', () => {
    const bench = new Bench(options);
    bench.login('alice', {
      policy: { ...policy, address6: ip('fd00:77:0:9::1'), address6_prefix: 56 },
    });
    assert.deepEqual(bench.refusal('alice'), [503, 'address-unusable']);
  });
});

const behind = (...networks: string[]): SessionPolicy => ({
  ...policy,
  iroutes: networks.map(cidr),
});

function session(bench: Bench, number: number) {
  const found = bench.registry.get(number);
  assert.ok(found);
  return found;
}

function reasonOf(outcome: OpenOutcome): [number, string] {
  assert.equal(outcome.kind, 'refused');
  return [outcome.status, outcome.reason];
}

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return parsed;
}
