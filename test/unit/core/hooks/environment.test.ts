import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hookEnvironment } from '../../../../core/hooks/environment.ts';
import { sessionInfo } from '../../../../core/hooks/session_info.ts';
import { parseIp } from '../../../../core/net/address.ts';
import type { SessionInfo } from '../../../../core/plugin/plugin.ts';
import { Bench, cidr, policy } from '../session/fixture.ts';

const POOLS = [cidr('10.77.0.0/16'), cidr('fd00:77::/64')];
const AROUND = { device: 'wolf0', pools: POOLS, prefix6: 128 };

test('a session is described by its addresses, its policy and its client', () => {
  const bench = new Bench();
  const { session } = bench.login('alice', {
    vhost: 'partners.example.com',
    groups: ['staff', 'it'],
    policy: { ...policy, routes: [cidr('10.0.0.0/8')], dns: [cidr('10.77.0.1/32').address] },
  });
  bench.open('alice');
  const opened = bench.registry.get(session);
  assert.ok(opened?.inside4 && opened.inside6);
  const info = sessionInfo(opened, AROUND);
  assert.deepEqual(info.outside, { address: '192.0.2.1', port: 40001, local: '198.51.100.1' });
  assert.deepEqual(info.inside4, { address: bench.address4(session), local: '10.77.0.1' });
  assert.equal(info.inside6?.local, 'fd00:77::1');
  assert.equal(info.group, 'staff');
  assert.deepEqual([info.routes, info.noRoutes, info.dns], [['10.0.0.0/8'], [], ['10.77.0.1']]);
  assert.deepEqual(info.client, {
    userAgent: 'Open AnyConnect VPN Agent v9.01',
    hostname: 'laptop',
    platform: 'linux-64',
    deviceType: '',
    mobile: false,
  });
});

test('a fixed address in no pool has no address of ours', () => {
  const bench = new Bench();
  const address = parseIp('192.0.2.77') ?? null;
  const { session } = bench.login('alice', { policy: { ...policy, address } });
  bench.open('alice', { wantsIpv6: false });
  const opened = bench.registry.get(session);
  assert.ok(opened);
  const info = sessionInfo(opened, AROUND);
  assert.deepEqual(info.inside4, { address: '192.0.2.77', local: '' });
  const environment = hookEnvironment(info, { reason: 'connect' });
  assert.equal(environment['IP_REMOTE'], '192.0.2.77');
  assert.ok(!('IP_LOCAL' in environment) && !('IPV6_REMOTE' in environment));
});

test('networks of IPv4 have a mask, and each family its own list, with a blank behind each', () => {
  const environment = hookEnvironment(
    {
      ...INFO,
      routes: ['0.0.0.0/0', '10.1.2.3/32', '10.96.0.0/11', '2001:db8::/32'],
      noRoutes: [],
      dns: ['2001:db8::53'],
    },
    { reason: 'connect' },
  );
  const mine = Object.entries(environment).filter(([name]) => name.startsWith('OCSERV_'));
  assert.deepEqual(Object.fromEntries(mine), {
    OCSERV_ROUTES: '0.0.0.0/0.0.0.0 10.1.2.3/255.255.255.255 10.96.0.0/255.224.0.0 2001:db8::/32 ',
    OCSERV_ROUTES4: '0.0.0.0/0.0.0.0 10.1.2.3/255.255.255.255 10.96.0.0/255.224.0.0 ',
    OCSERV_ROUTES6: '2001:db8::/32 ',
    OCSERV_DNS: '2001:db8::53 ',
    OCSERV_DNS6: '2001:db8::53 ',
  });
});

test('a session with IPv6 only has it as its address, too', () => {
  const inside6 = { address: 'fd00:77::5', local: 'fd00:77::1', prefix: 128 };
  const environment = hookEnvironment({ ...INFO, inside4: null, inside6 }, { reason: 'connect' });
  const { IP_REMOTE, IP_LOCAL, IPV6_REMOTE, IPV6_LOCAL, IPV6_PREFIX } = environment;
  assert.deepEqual([IP_REMOTE, IP_LOCAL], ['fd00:77::5', 'fd00:77::1']);
  assert.deepEqual([IPV6_REMOTE, IPV6_LOCAL, IPV6_PREFIX], ['fd00:77::5', 'fd00:77::1', '128']);
});

test('what the engine enforces is told as far as ocserv has words for it', () => {
  const told = (allow: readonly string[], deny: readonly string[]): unknown[] => {
    const restricted = { ...INFO, enforceRoutes: true, allow, deny };
    const environment = hookEnvironment(restricted, { reason: 'connect' });
    return [
      environment['OCSERV_RESTRICT_TO_ROUTES'],
      environment['OCSERV_ALLOW_PORTS'],
      environment['OCSERV_DENY_PORTS'],
    ];
  };
  assert.deepEqual(told(['tcp:80,443', 'udp:53', 'icmp'], ['esp']), [
    '1',
    'tcp 80 tcp 443 udp 53 icmp all ',
    'esp all ',
  ]);
  for (const rule of ['tcp:22 10.0.0.0/8', 'tcp:8000-8100', 'tcp', '10.0.0.0/8', 'gre']) {
    assert.deepEqual(told(['udp:53', rule], []), ['1', undefined, undefined], rule);
  }
});

test('rules are written as in the configuration', () => {
  const bench = new Bench();
  const ports = [
    { low: 80, high: 80 },
    { low: 8000, high: 8100 },
  ];
  const rules = [
    { protocol: 'tcp', ports, network: null },
    { protocol: 'icmp', ports: [], network: null },
    { protocol: null, ports: [], network: cidr('10.0.0.0/8') },
    { protocol: 'udp', ports: ports.slice(0, 1), network: cidr('2001:db8::/32') },
  ];
  const session = bench.login('alice');
  const info = sessionInfo(
    { ...session, policy: Object.assign({ ...session.policy }, { allow: rules }) },
    AROUND,
  );
  assert.deepEqual(info.allow, ['tcp:80,8000-8100', 'icmp', '10.0.0.0/8', 'udp:80 2001:db8::/32']);
  assert.deepEqual([info.deny, info.enforceRoutes], [[], false]);
});

test('a disconnect has whole seconds and exact bytes', () => {
  const statistics = { bytesIn: 2 ** 40 + 1, bytesOut: 0, durationMs: 59_999 };
  const environment = hookEnvironment(INFO, { reason: 'disconnect', statistics });
  const { REASON, STATS_BYTES_IN, STATS_BYTES_OUT, STATS_DURATION } = environment;
  assert.deepEqual(
    [REASON, STATS_BYTES_IN, STATS_BYTES_OUT, STATS_DURATION],
    ['disconnect', '1099511627777', '0', '59'],
  );
});

test('what would not fit into a variable is left out', () => {
  const routes = Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const environment = hookEnvironment({ ...INFO, routes }, { reason: 'connect' });
  assert.ok(!('OCSERV_ROUTES' in environment) && !('OCSERV_ROUTES4' in environment));
  assert.equal(environment['USERNAME'], 'alice');
});

test('no name can bring a second line, end a value, or become another name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (user, group) => {
      const environment = hookEnvironment({ ...INFO, user, group }, { reason: 'connect' });
      for (const value of Object.values(environment)) {
        assert.doesNotMatch(value, /\p{Cc}/u);
        assert.ok(value.isWellFormed());
      }
      const isClean = !/\p{Cc}/u.test(user) && user.isWellFormed();
      if (isClean) assert.equal(environment['USERNAME'], user);
      else assert.notEqual(environment['USERNAME'], user.replace(/\p{Cc}/gu, ''));
    }),
  );
});

const INFO: SessionInfo = {
  id: 7,
  vhost: '',
  user: 'alice',
  group: '',
  groups: [],
  loginAt: 0,
  outside: { address: '192.0.2.1', port: 1, local: '' },
  inside4: { address: '10.77.0.5', local: '10.77.0.1' },
  inside6: null,
  device: 'wolf0',
  client: { userAgent: '', hostname: '', platform: '', deviceType: '', mobile: false },
  routes: [],
  noRoutes: [],
  dns: [],
  enforceRoutes: false,
  allow: [],
  deny: [],
};
