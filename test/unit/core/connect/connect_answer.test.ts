import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderConnectAnswer } from '../../../../core/connect/connect_answer.ts';
import { planRekey } from '../../../../core/connect/rekey.ts';
import { renderRouteHeaders } from '../../../../core/connect/route_headers.ts';
import type { ConnectAnswer } from '../../../../core/connect/connect_answer.ts';
import { OWN_HEADERS } from '../../../../core/connect/own_headers.ts';
import type { ClientFacts } from '../../../../core/ipc/messages.ts';
import { parseCidr, parseIp } from '../../../../core/net/address.ts';
import type { Cidr, IpAddress } from '../../../../core/net/address.ts';
import type { SessionPolicy } from '../../../../core/policy/policy.ts';

const ip = (text: string): IpAddress => parseIp(text) ?? assert.fail(text);
const net = (text: string): Cidr => parseCidr(text)?.network ?? assert.fail(text);

const POLICY: SessionPolicy = {
  routes: [],
  no_routes: [],
  enforce_routes: false,
  allow: [],
  deny: [],
  client_to_client: true,
  dns: [ip('10.77.0.1'), ip('fd00::1')],
  nbns: [],
  search_domains: [],
  split_dns: [],
  banner: '',
  mtu: 0,
  address: null,
  address6: null,
  address6_prefix: 0,
  iroutes: [],
  rx_limit: null,
  dscp: null,
  compression: false,
  tx_limit: null,
  quota: null,
  hours: null,
  expires: null,
  tunnel_all_dns: false,
  client_bypass: false,
  keepalive: 18_000_000,
  dpd: 90_000,
  mobile_dpd: 1_800_000,
  idle_timeout: 0,
  mobile_idle_timeout: 600_000,
  session_timeout: 0,
  rekey: 172_800_000,
  rekey_method: 'new-tunnel',
  switch_to_tcp: 25_000,
  udp: true,
  max_sessions: 0,
  proxy_pac_url: '',
  headers: {},
  user_profile: null,
};
const CLIENT: ClientFacts = {
  userAgent: '',
  kind: 'openconnect',
  mobile: false,
  hostname: 'box',
  platform: '',
  deviceType: '',
};
const ANSWER: ConnectAnswer = {
  client: CLIENT,
  fullIpv6: true,
  grant: {
    session: 1,
    user: 'alice',
    group: '',
    inside4: { address: ip('10.77.0.10'), prefix: 16 },
    inside6: { address: ip('fd00:77::10'), prefix: 128 },
    policy: POLICY,
    sessionEndsAt: null,
    sessionEndsBy: 'session-timeout',
  },
  routeLines: '',
  mtu: { link: 1500, data: 1434 },
  dtls: { kind: 'psk' },
  udpPort: 443,
  compression: { tls: null, dtls: null },
  appId: new Uint8Array(32).fill(0x0a),
  now: 1_000_000,
  rekey: planRekey(POLICY, 'TLSv1.3', -7),
};

test('the usual answer, line by line [oc 5.3, 5.4]', () => {
  const id = '0a'.repeat(32);
  assert.equal(
    renderConnectAnswer(ANSWER),
    `HTTP/1.1 200 CONNECTED
X-CSTP-Version: 1
X-CSTP-Server-Name: wolfguard
X-CSTP-Hostname: box
X-CSTP-Address: 10.77.0.10
X-CSTP-Netmask: 255.255.0.0
X-CSTP-Address-IP6: fd00:77::10/128
X-CSTP-DNS: 10.77.0.1
X-CSTP-DNS: fd00::1
X-CSTP-Tunnel-All-DNS: false
X-CSTP-Client-Bypass-Protocol: false
X-CSTP-DPD: 90
X-CSTP-Keepalive: 18000
X-CSTP-Idle-Timeout: none
X-CSTP-Session-Timeout: none
X-CSTP-Rekey-Time: 172793
X-CSTP-Rekey-Method: new-tunnel
X-CSTP-Smartcard-Removal-Disconnect: true
X-CSTP-Disconnected-Timeout: none
X-CSTP-Keep: true
X-CSTP-TCP-Keepalive: true
X-CSTP-License: accept
X-DTLS-DPD: 90
X-DTLS-Port: 443
X-DTLS-Rekey-Time: 172803
X-DTLS-Keepalive: 18000
X-DTLS-App-ID: ${id}
X-DTLS-CipherSuite: PSK-NEGOTIATE
X-CSTP-Base-MTU: 1500
X-CSTP-MTU: 1434

`.replaceAll('\n', '\r\n'),
  );
});

test('a legacy client gets the session id, the suite by its header, and X-DTLS-MTU', () => {
  const lines = render({
    dtls: {
      kind: 'legacy',
      header: 'X-DTLS12-CipherSuite',
      suite: 'AES256-GCM-SHA384',
      number: 0x009d,
      records: 'aes-gcm',
      masterSecret: new Uint8Array(48),
    },
  });
  assert.ok(lines.includes(`X-DTLS-Session-ID: ${'0a'.repeat(32)}`));
  assert.ok(lines.includes('X-DTLS12-CipherSuite: AES256-GCM-SHA384'));
  assert.ok(lines.includes('X-DTLS-MTU: 1434'));
  assert.ok(!lines.some((line) => /App-ID|X-DTLS-CipherSuite/.test(line)));
});

test('without DTLS no X-DTLS header is sent [oc 8.7]', () => {
  assert.ok(!render({ dtls: { kind: 'off' } }).some((line) => line.startsWith('X-DTLS')));
});

test('without IPv6 inside no line speaks of it [oc 5.4]', () => {
  const lines = render({
    grant: { ...ANSWER.grant, inside6: null },
    policy: { routes: [net('10.0.0.0/8'), net('fd00::/8')], no_routes: [net('fd01::/16')] },
  });
  assert.ok(!lines.some((line) => /IP6|fd0/.test(line)), lines.join('\n'));
});

test('an old client finds its IPv6 address in the IPv4 headers [oc 5.4]', () => {
  const lines = render({ fullIpv6: false });
  assert.ok(lines.includes('X-CSTP-Address: fd00:77::10'));
  assert.ok(lines.includes('X-CSTP-Netmask: fd00:77::10/128'));
  assert.ok(!lines.some((line) => line.startsWith('X-CSTP-Address-IP6')));
});

test('Cisco clients get IPv6 resolvers under a name of their own', () => {
  assert.ok(
    render({ client: { ...CLIENT, kind: 'anyconnect' } }).includes('X-CSTP-DNS-IP6: fd00::1'),
  );
});

test('names, routes and exceptions are pushed one a line', () => {
  const lines = render({
    policy: {
      routes: [net('10.1.0.0/16'), net('192.168.7.0/24'), net('fd00:1::/32')],
      no_routes: [net('10.1.5.0/24'), net('fd00:1:5::/48')],
      nbns: [ip('10.1.0.9')],
      search_domains: ['a.example', 'b.example'],
      split_dns: ['a.example', 'c.example'],
      tunnel_all_dns: true,
      client_bypass: true,
    },
  });
  for (const line of [
    'X-CSTP-Split-Include: 10.1.0.0/255.255.0.0',
    'X-CSTP-Split-Include: 192.168.7.0/255.255.255.0',
    'X-CSTP-Split-Include-IP6: fd00:1::/32',
    'X-CSTP-Split-Exclude: 10.1.5.0/255.255.255.0',
    'X-CSTP-Split-Exclude-IP6: fd00:1:5::/48',
    'X-CSTP-NBNS: 10.1.0.9',
    'X-CSTP-Default-Domain: a.example b.example',
    'X-CSTP-Split-DNS: a.example',
    'X-CSTP-Split-DNS: c.example',
    'X-CSTP-Tunnel-All-DNS: true',
    'X-CSTP-Client-Bypass-Protocol: true',
  ])
    assert.ok(lines.includes(line), line);
});

for (const route of ['0.0.0.0/0', '::/0'])
  test(`${route} among the routes means no include and all DNS through the tunnel`, () => {
    const lines = render({ policy: { routes: [net('10.1.0.0/16'), net(route)] } });
    assert.ok(!lines.some((line) => line.startsWith('X-CSTP-Split-Include')));
    assert.ok(lines.includes('X-CSTP-Tunnel-All-DNS: true'));
  });

test('iOS is told of 2000::/3 unless there is a default route [oc 5.4]', () => {
  const client: ClientFacts = { ...CLIENT, kind: 'anyconnect-apple' };
  const quirk = 'X-CSTP-Split-Include-IP6: 2000::/3';
  assert.ok(render({ client }).includes(quirk));
  assert.ok(render({ client, policy: { routes: [net('10.0.0.0/8')] } }).includes(quirk));
  assert.ok(!render({ client, policy: { routes: [net('0.0.0.0/0')] } }).includes(quirk));
  assert.ok(!render({ client, fullIpv6: false }).includes(quirk));
  assert.ok(!render({}).includes(quirk));
});

test('a phone gets its own timers', () => {
  const lines = render({ client: { ...CLIENT, mobile: true } });
  assert.ok(lines.includes('X-CSTP-DPD: 1800'));
  assert.ok(lines.includes('X-DTLS-DPD: 1800'));
  assert.ok(lines.includes('X-CSTP-Idle-Timeout: 600'));
});

test('timers that are off are left out', () => {
  const lines = render({ policy: { dpd: 0, keepalive: 0 } });
  assert.ok(!lines.some((line) => /DPD|DTLS-Keepalive|CSTP-Keepalive/.test(line)));
});

test('whoever renews the keys, the client is told a time and new-tunnel [oc 5.4, 7.3]', () => {
  const rekey = planRekey({ rekey: 3_600_000, rekey_method: 'ssl' }, 'TLSv1.3', 0);
  const lines = render({ rekey });
  assert.ok(lines.includes('X-CSTP-Rekey-Time: 31536000'));
  assert.ok(lines.includes('X-CSTP-Rekey-Method: new-tunnel'));
  assert.ok(lines.includes('X-DTLS-Rekey-Time: 3610'));
});

test('the session timeout and what is left of it are told', () => {
  const lines = render({
    grant: { ...ANSWER.grant, sessionEndsAt: 1_000_000 + 59_500 },
    policy: { session_timeout: 3_600_000 },
  });
  assert.ok(lines.includes('X-CSTP-Session-Timeout: 3600'));
  assert.ok(lines.includes('X-CSTP-Session-Timeout-Remaining: 60'));
});

test('a banner of several lines becomes one', () => {
  assert.ok(
    render({ policy: { banner: 'Welcome,\r\nbe good\n' } }).includes(
      'X-CSTP-Banner: Welcome, be good',
    ),
  );
});

test('no text of an administrator or a client makes a line of its own', () => {
  const evil = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `${text}\r\nX-Evil: 1`),
    fc.string().map((text) => `${text}\n\nX-Evil: 1`),
  );
  fc.assert(
    fc.property(evil, evil, evil, (banner, domain, hostname) => {
      const text = renderConnectAnswer({
        ...ANSWER,
        client: { ...CLIENT, hostname },
        grant: {
          ...ANSWER.grant,
          policy: { ...POLICY, banner, split_dns: [domain], search_domains: [domain] },
        },
      });
      assert.ok(text.endsWith('\r\n\r\n'));
      const [, ...headers] = text.slice(0, -4).split('\r\n');
      for (const header of headers) {
        assert.match(header, /^X-(CSTP|DTLS)-[A-Za-z0-9-]+: ?/);
        assert.doesNotMatch(header, /[\r\n\0]/);
      }
    }),
  );
});

test('proxy settings and lines of the policy name the user and the group', () => {
  const lines = render({
    grant: { ...ANSWER.grant, user: 'zoë & {group}', group: 'staff' },
    policy: {
      proxy_pac_url: 'https://proxy.example.com/{group}/{user}.pac',
      headers: { 'X-CSTP-Login': '{user} of {group}, {other}', 'X-Empty': '' },
    },
  });
  assert.deepEqual(lines.slice(-5), [
    'X-CSTP-MSIE-Proxy-PAC-URL: https://proxy.example.com/staff/zo%C3%AB%20%26%20%7Bgroup%7D.pac',
    'X-CSTP-Login: zoë & {group} of staff, {other}',
    'X-Empty: ',
    '',
    '',
  ]);
});

test('no user, group or text of the policy begins a line of its own', () => {
  const anyText = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(anyText, anyText, anyText, (user, group, text) => {
      const policy = {
        proxy_pac_url: `{user}${text}`,
        headers: { A: `${text}{user}`, B: '{group}' },
      };
      const before = render({ policy: { proxy_pac_url: 'x', headers: { A: '', B: '' } } });
      const lines = render({ grant: { ...ANSWER.grant, user, group }, policy });
      const names = (all: readonly string[]): string[] =>
        all.map((line) => line.split(':')[0] ?? '');
      assert.deepEqual(
        names(lines).filter((name) => name !== 'X-CSTP-MSIE-Proxy-PAC-URL'),
        names(before).filter((name) => name !== 'X-CSTP-MSIE-Proxy-PAC-URL'),
      );
    }),
  );
});

test('every line that the server sends itself is closed to the headers of a policy', () => {
  const full = {
    policy: {
      ...POLICY,
      routes: [net('10.1.0.0/16'), net('fd00:1::/32')],
      no_routes: [net('10.1.5.0/24'), net('fd00:1:5::/48')],
      nbns: [ip('10.1.0.9')],
      search_domains: ['a.example'],
      split_dns: ['a.example'],
      banner: 'hello',
      proxy_pac_url: 'https://proxy.example.com/',
    },
    grant: { ...ANSWER.grant, sessionEndsAt: 2_000_000 },
  };
  const legacy = {
    kind: 'legacy',
    header: 'X-DTLS12-CipherSuite',
    suite: 'AES256-GCM-SHA384',
    number: 0x009d,
    records: 'aes-gcm',
    masterSecret: new Uint8Array(48),
  } as const;
  const sent = [
    ...render(full),
    ...render({ ...full, client: { ...CLIENT, kind: 'anyconnect' } }),
    ...render({ ...full, dtls: legacy }),
  ];
  for (const line of sent.filter((text) => /^\S+: /.test(text))) {
    const name = (line.split(':')[0] ?? '').toLowerCase();
    assert.ok(OWN_HEADERS.has(name), name);
  }
});

function render({
  policy = {},
  ...changes
}: Partial<ConnectAnswer> & { readonly policy?: Partial<SessionPolicy> }): readonly string[] {
  const changed = { ...ANSWER.grant, ...changes.grant };
  const grant = { ...changed, policy: { ...changed.policy, ...policy } };
  const { lines } = renderRouteHeaders(grant.policy, grant.inside6 !== null, 'openconnect');
  return renderConnectAnswer({ ...ANSWER, ...changes, routeLines: lines, grant }).split('\r\n');
}
