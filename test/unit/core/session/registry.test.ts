import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatIp } from '../../../../core/net/address.ts';
import { recordOf } from '../../../../core/session/session.ts';
import { Bench, MINUTE, START, cidr, counters, limits, policy, told } from './fixture.ts';

describe('login', () => {
  test('a cookie that is never used expires after cookie_lifetime [oc 10]', () => {
    const bench = new Bench();
    bench.login('alice');
    assert.equal(bench.registry.nextDeadline(), START + 5 * MINUTE);
    bench.now += 5 * MINUTE - 1;
    assert.deepEqual(bench.registry.sweep(bench.now), []);
    bench.now += 1;
    assert.deepEqual(told(bench.registry.sweep(bench.now)), ['delete 1 expired']);
    assert.equal(bench.registry.size, 0);
    assert.equal(bench.registry.nextDeadline(), undefined);
  });

  test('max_clients counts all sessions and refuses one more', () => {
    const bench = new Bench({}, { maxClients: 2 });
    bench.login('alice');
    bench.login('bob');
    const outcome = bench.tryLogin('carol');
    assert.deepEqual(outcome, { kind: 'refused', limit: 'max_clients', effects: [] });
    bench.now += 5 * MINUTE;
    bench.login('carol');
  });

  test('max_sessions drops the oldest session of the user that has no tunnel', () => {
    const bench = new Bench();
    const two = { ...policy, max_sessions: 2 };
    bench.login('alice', { policy: two, cookieHash: 'a' });
    bench.login('alice', { policy: two, cookieHash: 'b' });
    bench.login('bob');
    bench.open('alice', { cookieHash: 'a' });
    const third = bench.tryLogin('alice', { policy: two, cookieHash: 'c' });
    assert.deepEqual(told(third.effects), ['delete 2 displaced', 'save 4']);
    assert.deepEqual(bench.refusal('alice', { cookieHash: 'b' }), [401, 'unknown-cookie']);
  });

  test('max_sessions refuses when all of the user’s sessions are connected', () => {
    const bench = new Bench();
    const one = { ...policy, max_sessions: 1 };
    bench.login('alice', { policy: one, cookieHash: 'a' });
    bench.open('alice', { cookieHash: 'a' });
    const second = bench.tryLogin('alice', { policy: one, cookieHash: 'b' });
    assert.deepEqual(second, { kind: 'refused', limit: 'max_sessions', effects: [] });
    assert.equal(bench.registry.size, 1);
  });

  test('a session that is displaced makes room under max_clients too', () => {
    const bench = new Bench({}, { maxClients: 1 });
    const one = { ...policy, max_sessions: 1 };
    bench.login('alice', { policy: one, cookieHash: 'a' });
    bench.login('alice', { policy: one, cookieHash: 'b' });
    assert.equal(bench.registry.size, 1);
  });

  test('nobody is displaced for a login that max_clients refuses', () => {
    const bench = new Bench();
    const one = { ...policy, max_sessions: 1 };
    bench.login('alice', { policy: one, cookieHash: 'a' });
    bench.login('bob');
    bench.registry.setLimits({ ...limits, maxClients: 1 });
    const second = bench.tryLogin('alice', { policy: one, cookieHash: 'b' });
    assert.deepEqual(second, { kind: 'refused', limit: 'max_clients', effects: [] });
    assert.equal(bench.registry.size, 2);
  });
});

describe('open', () => {
  test('the first CONNECT leases addresses, gives them an owner and is granted', () => {
    const bench = new Bench();
    bench.login('alice');
    const { grant, effects } = bench.open('alice', { worker: 3 });
    const [inside4, inside6] = [grant.inside4?.address, grant.inside6?.address];
    assert.ok(inside4 && inside6);
    assert.deepEqual([grant.inside4?.prefix, grant.inside6?.prefix], [16, 128]);
    assert.deepEqual([grant.user, grant.group, grant.sessionEndsAt], ['alice', 'staff', null]);
    assert.equal(told(effects).at(-1), 'save 1');
    assert.deepEqual(effects.slice(0, 2), [
      { kind: 'set-owner', network: { address: inside4, prefix: 32 }, worker: 3 },
      { kind: 'set-owner', network: { address: inside6, prefix: 128 }, worker: 3 },
    ]);
    assert.equal(bench.registry.nextDeadline(), undefined);
  });

  test('a cookie that nobody has is refused with 401 [oc 5.2]', () => {
    assert.deepEqual(new Bench().refusal('mallory'), [401, 'unknown-cookie']);
  });

  test('an expired cookie is refused even when no sweep came by', () => {
    const bench = new Bench();
    bench.login('alice');
    bench.now += 5 * MINUTE;
    const outcome = bench.tryOpen('alice');
    assert.equal(outcome.kind, 'refused');
    assert.deepEqual(told(outcome.effects), ['delete 1 expired']);
  });

  test('a CONNECT from another address is welcome unless deny_roaming is set [oc 10]', () => {
    const bench = new Bench();
    const elsewhere = { peer: { address: '198.51.100.9', port: 1 } };
    bench.login('alice');
    bench.open('alice', elsewhere);
    bench.registry.setLimits({ ...limits, denyRoaming: true });
    assert.deepEqual(bench.refusal('alice', elsewhere), [401, 'roaming-denied']);
    assert.equal(bench.registry.get(1)?.state.kind, 'connected');
    bench.open('alice', { peer: { address: '::ffff:192.0.2.1', port: 9 } });
  });

  test('a second CONNECT takes the session over with its addresses [oc 10]', () => {
    const bench = new Bench();
    bench.login('alice');
    const first = bench.open('alice', { worker: 0, tunnel: 5 }).grant;
    const { grant, effects } = bench.open('alice', { worker: 1, tunnel: 5 });
    assert.deepEqual(grant, first);
    assert.equal(told(effects)[0], 'close 0/5 replaced');
    const owners = effects.flatMap((effect) => (effect.kind === 'set-owner' ? effect.worker : []));
    assert.deepEqual(owners, [1, 1]);
  });

  test('a client that comes back without IPv6 keeps the lease but nobody owns it', () => {
    const bench = new Bench();
    bench.login('alice');
    const first = bench.open('alice').grant;
    const { grant, effects } = bench.open('alice', { wantsIpv6: false });
    assert.equal(grant.inside6, null);
    assert.equal(told(effects).filter((line) => /^own fd.* -1$/.test(line)).length, 1);
    assert.deepEqual(bench.open('alice').grant.inside6, first.inside6);
  });

  test('a virtual host leases from its own pool, and where it has none from the main one', () => {
    const hosts = new Map([['partners', { pool4: cidr('10.78.0.0/16'), pool6: null }]]);
    const bench = new Bench({ hosts });
    bench.login('alice', { vhost: 'partners' });
    const { inside4, inside6 } = bench.open('alice').grant;
    assert.match(formatIp(inside4?.address ?? assert.fail()), /^10\.78\./);
    assert.match(formatIp(inside6?.address ?? assert.fail()), /^fd00:77::/);
  });

  test('a full pool is refused with 503 and leases nothing by halves', () => {
    const bench = new Bench({ pool4: cidr('10.0.0.0/29'), pool6: cidr('fd00::/126') });
    for (const user of ['a', 'b', 'c']) bench.login(user);
    bench.open('a');
    bench.open('b');
    assert.deepEqual(bench.refusal('c'), [503, 'pool-full']);
    assert.equal(bench.registry.get(3)?.inside4, null);
    for (const user of ['d', 'e', 'f', 'g']) bench.login(user);
    for (const user of ['d', 'e', 'f']) bench.open(user, { wantsIpv6: false });
    assert.deepEqual(bench.refusal('g', { wantsIpv6: false }), [503, 'pool-full']);
  });

  test('a client without IPv6 gets nothing from a server without IPv4', () => {
    const bench = new Bench({ pool4: null });
    bench.login('alice');
    assert.deepEqual(bench.refusal('alice', { wantsIpv6: false }), [503, 'no-common-family']);
    assert.equal(bench.open('alice').grant.inside4, null);
  });

  test('a predictable address depends on the name, any other on the random number', () => {
    const once = (predictable: boolean, random: number): string => {
      const bench = new Bench({ predictable });
      bench.login('alice');
      bench.open('alice', { random });
      return bench.address4(1);
    };
    assert.equal(once(true, 1), once(true, 2));
    assert.equal(once(false, 1), '10.77.0.3');
    assert.equal(once(false, 2), '10.77.0.4');
  });
});

describe('a tunnel ends', () => {
  const ends = [
    ['lost', true],
    ['dpd-timeout', true],
    ['idle-timeout', true],
    ['shutdown', true],
    ['admin', true],
    ['protocol-error', true],
    ['user-disconnect', false],
    ['session-timeout', false],
  ] as const;
  for (const [end, keeps] of ends) {
    test(`${end} ${keeps ? 'keeps the cookie for cookie_lifetime' : 'ends the session'} [oc 10]`, () => {
      const bench = new Bench();
      bench.login('alice');
      const { grant } = bench.open('alice');
      bench.now += 60 * MINUTE;
      const lines = told(bench.closed(1, end));
      assert.equal(lines.filter((line) => /^own .* -1$/.test(line)).length, 2);
      assert.equal(lines.at(-1), keeps ? 'save 1' : `delete 1 ${end}`);
      bench.now += 5 * MINUTE - 1;
      if (keeps) assert.deepEqual(bench.open('alice').grant, grant);
      else assert.deepEqual(bench.refusal('alice'), [401, 'unknown-cookie']);
    });
  }

  test('persistent_cookies lets a client come back after its goodbye', () => {
    const bench = new Bench({}, { persistentCookies: true });
    bench.login('alice');
    bench.open('alice');
    bench.closed(1, 'user-disconnect');
    bench.open('alice');
  });

  test('a lease returns to the pool when its session ends', () => {
    const bench = new Bench({ pool4: cidr('10.0.0.0/30'), pool6: null });
    bench.login('alice');
    bench.login('bob');
    bench.open('alice');
    assert.deepEqual(bench.refusal('bob'), [503, 'pool-full']);
    bench.closed(1, 'user-disconnect');
    bench.open('bob');
    assert.equal(bench.address4(2), '10.0.0.2');
  });

  test('word of a tunnel that was replaced changes nothing but the totals', () => {
    const bench = new Bench();
    bench.login('alice');
    bench.open('alice', { worker: 0, tunnel: 5 });
    bench.open('alice', { worker: 1, tunnel: 5 });
    const before = bench.registry.get(1);
    const late = { session: 1, worker: 0, tunnel: 5, counters: counters(100) };
    const lines = told(bench.registry.tunnelClosed({ ...late, end: 'user-disconnect' }, bench.now));
    assert.deepEqual(lines, ['save 1']);
    assert.deepEqual(bench.registry.get(1), { ...before, totals: counters(100) });
  });

  test('word of a session that is gone is ignored', () => {
    const late = { session: 7, worker: 0, tunnel: 1, end: 'lost' as const };
    assert.deepEqual(new Bench().registry.tunnelClosed({ ...late, counters: counters(1) }, 0), []);
  });

  test('totals add up over the tunnels of a session', () => {
    const bench = new Bench();
    bench.login('alice');
    for (const bytes of [10, 20, 30]) {
      bench.open('alice');
      bench.closed(1, 'lost', bytes);
    }
    assert.equal(bench.registry.get(1)?.totals.rxBytes, 60);
    assert.equal(bench.registry.get(1)?.totals.txBytes, 120);
  });

  test('a dead worker leaves its sessions waiting and its addresses without owner', () => {
    const bench = new Bench({ pool6: null });
    for (const user of ['a', 'b', 'c']) bench.login(user);
    bench.open('a', { worker: 0 });
    bench.open('b', { worker: 1 });
    bench.open('c', { worker: 0 });
    bench.now += MINUTE;
    const lines = told(bench.registry.workerGone(0, bench.now));
    const [a, c] = [bench.address4(1), bench.address4(3)];
    assert.deepEqual(lines, [`own ${a} -1`, 'save 1', `own ${c} -1`, 'save 3']);
    assert.deepEqual(bench.registry.workerGone(0, bench.now), []);
    assert.equal(bench.registry.get(2)?.state.kind, 'connected');
    assert.equal(bench.registry.nextDeadline(), bench.now + 5 * MINUTE);
  });
});

describe('a tunnel that was granted and then taken away', () => {
  test('is closed again when it opens after all', () => {
    const bench = new Bench();
    bench.login('alice');
    bench.open('alice', { worker: 0, tunnel: 5 });
    const reference = { session: 1, worker: 0, tunnel: 5 };
    assert.deepEqual(bench.registry.tunnelOpened(reference), []);
    bench.open('alice', { worker: 1, tunnel: 6 });
    assert.deepEqual(told(bench.registry.tunnelOpened(reference)), ['close 0/5 replaced']);
    bench.registry.logout('hash of alice');
    assert.deepEqual(told(bench.registry.tunnelOpened(reference)), ['close 0/5 replaced aloud']);
  });
});

describe('session_timeout', () => {
  const hour = { ...policy, session_timeout: 60 * MINUTE };

  test('counts from the login, through reconnects [oc 10]', () => {
    const bench = new Bench();
    bench.login('alice', { policy: hour });
    bench.now += MINUTE;
    assert.equal(bench.open('alice').grant.sessionEndsAt, START + 60 * MINUTE);
    bench.now += 50 * MINUTE;
    bench.closed(1, 'lost');
    assert.equal(bench.open('alice').grant.sessionEndsAt, START + 60 * MINUTE);
    assert.equal(bench.registry.nextDeadline(), START + 60 * MINUTE);
    const lines = told(bench.registry.sweep(START + 60 * MINUTE));
    assert.equal(lines[0], 'close 0/2 session-timeout aloud');
    assert.equal(lines.at(-1), 'delete 1 session-timeout');
  });

  test('ends a waiting session before its cookie would', () => {
    const bench = new Bench();
    bench.login('alice', { policy: hour });
    bench.open('alice');
    bench.now += 58 * MINUTE;
    bench.closed(1, 'lost');
    assert.equal(bench.registry.nextDeadline(), START + 60 * MINUTE);
    bench.now = START + 60 * MINUTE;
    assert.deepEqual(bench.refusal('alice'), [401, 'unknown-cookie']);
  });
});

describe('administrators', () => {
  test('disconnect drops the tunnel without a goodbye, and the client may come back [oc 10]', () => {
    const bench = new Bench({ pool6: null });
    const session = bench.login('alice');
    bench.open('alice', { worker: 2, tunnel: 9 });
    const [found] = bench.registry.find({ id: session.session });
    assert.ok(found);
    const lines = told(bench.registry.disconnect(found, bench.now));
    assert.deepEqual(lines, ['close 2/9 admin', `own ${bench.address4(1)} -1`, 'save 1']);
    bench.open('alice');
  });

  test('terminate says goodbye, frees the lease and kills the cookie', () => {
    const bench = new Bench({ pool6: null });
    bench.login('alice');
    bench.open('alice', { worker: 2, tunnel: 9 });
    const address = bench.address4(1);
    const [found] = bench.registry.find({ user: 'alice' });
    assert.ok(found);
    const lines = told(bench.registry.terminate(found));
    assert.deepEqual(lines, ['close 2/9 admin aloud', `own ${address} -1`, 'delete 1 admin']);
    assert.deepEqual(bench.refusal('alice'), [401, 'unknown-cookie']);
    assert.deepEqual(bench.registry.find({ user: 'alice' }), []);
  });

  test('a logout ends the session whatever persistent_cookies says', () => {
    const bench = new Bench({}, { persistentCookies: true });
    bench.login('alice');
    assert.deepEqual(told(bench.registry.logout('hash of alice')), ['delete 1 logout']);
    assert.deepEqual(bench.registry.logout('hash of alice'), []);
  });
});

describe('restart', () => {
  const dayLater = START + 24 * 60 * MINUTE;

  test('a session that was connected may come back with its addresses', () => {
    const old = new Bench();
    old.login('alice');
    const { grant } = old.open('alice');
    const next = restarted(old, START + MINUTE, dayLater);
    assert.equal(next.registry.nextDeadline(), dayLater + 5 * MINUTE);
    assert.deepEqual(next.open('alice').grant, grant);
  });

  test('time without a server does not count against a cookie, time before does', () => {
    const old = new Bench();
    old.login('alice');
    const next = restarted(old, START + 3 * MINUTE, dayLater);
    assert.equal(next.registry.nextDeadline(), dayLater + 2 * MINUTE);
  });

  test('a cookie that was dead already stays dead', () => {
    const old = new Bench();
    old.login('alice');
    const next = restarted(old, START + 5 * MINUTE, dayLater);
    assert.deepEqual(next.refusal('alice'), [401, 'unknown-cookie']);
  });

  test('session_timeout goes on counting while the server is down', () => {
    const old = new Bench();
    old.login('alice', { policy: { ...policy, session_timeout: 60 * MINUTE } });
    old.open('alice');
    const short = restarted(old, START, START + 59 * MINUTE);
    assert.equal(short.open('alice').grant.sessionEndsAt, START + 60 * MINUTE);
    const long = restarted(old, START, START + 60 * MINUTE);
    assert.deepEqual(long.refusal('alice'), [401, 'unknown-cookie']);
  });

  test('an address that the pools no longer give is leased anew', () => {
    const old = new Bench();
    old.login('alice');
    old.open('alice');
    const next = restarted(old, START, dayLater, new Bench({ pool4: cidr('10.9.0.0/24') }));
    next.open('alice');
    assert.match(next.address4(1), /^10\.9\.0\./);
  });

  test('numbers go on where they stopped', () => {
    const old = new Bench();
    old.login('alice');
    old.login('bob');
    const next = restarted(old, START, dayLater);
    assert.equal(next.login('carol').session, 3);
    next.registry.reserveNumbers(10);
    assert.equal(next.login('dave').session, 10);
  });

  function restarted(old: Bench, aliveAt: number, now: number, next = new Bench()): Bench {
    next.now = now;
    for (const session of old.registry.all()) {
      const saved = { record: recordOf(session), policy: session.policy };
      next.registry.restore(saved, aliveAt, now);
    }
    return next;
  }
});
