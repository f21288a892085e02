// openconnect under the names of other clients [oc 2.3]: what each class is told, how it has DTLS, and
// by which of the ways it names its group. The conversations themselves are in test/wire.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { Client, type ClientOptions } from './harness/client.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';

const options = { timeout: 60_000 };
const CISCO_DTLS = ['--dtls-ciphers', 'AES256-SHA', '--dtls12-ciphers', 'AES256-GCM-SHA384'];

interface Class {
  readonly userAgent?: string;
  readonly extra: readonly string[];
  readonly path?: string;
  readonly group: string;
  readonly mobile?: boolean;
  readonly channel?: 'tls';
  /** Lines that it must be told, and lines that are for others. */
  readonly told: readonly string[];
  readonly untold?: readonly string[];
}

const DESK = ['X-CSTP-DPD=47', 'X-CSTP-Idle-Timeout=1200'];
const PHONE = ['X-CSTP-DPD=1900', 'X-CSTP-Idle-Timeout=7200'];
const IPV6_AS_OPENCONNECT = ['X-CSTP-DNS=fd00:77::53', 'X-CSTP-Split-Include-IP6=fd00:99::/64'];
const IPV6_AS_CISCO = ['X-CSTP-DNS-IP6=fd00:77::53', 'X-CSTP-Split-Include-IP6=fd00:99::/64'];

const CLASSES: Readonly<Record<string, Class>> = {
  openconnect: {
    extra: ['--authgroup', 'All our people'],
    group: 'our people',
    told: [...DESK, ...IPV6_AS_OPENCONNECT],
    untold: ['X-CSTP-DNS-IP6', 'X-CSTP-Split-Include-IP6=2000::/3'],
  },
  'version 3': {
    userAgent: 'Open AnyConnect VPN Agent v3.20',
    extra: ['--no-xmlpost', '--authgroup', 'The technicians'],
    group: 'it',
    told: DESK,
    untold: ['fd00:'],
  },
  'NetworkManager without XML': {
    userAgent: 'OpenConnect VPN Agent (NetworkManager) v9.01',
    extra: ['--no-xmlpost'],
    path: '/our%20people',
    group: 'our people',
    told: [...DESK, ...IPV6_AS_OPENCONNECT],
  },
  'the app for Android': {
    userAgent: 'OpenConnect VPN Agent (Java) v9.01',
    extra: ['--os', 'android', '--authgroup', 'The technicians'],
    group: 'it',
    mobile: true,
    told: [...PHONE, ...IPV6_AS_OPENCONNECT],
  },
  'AnyConnect for Windows': {
    userAgent: 'AnyConnect Windows 4.10.06079',
    extra: ['--os', 'win', ...CISCO_DTLS, '--authgroup', 'The technicians'],
    group: 'it',
    told: [...DESK, ...IPV6_AS_CISCO, 'X-CSTP-License=accept'],
    untold: ['X-CSTP-DNS=fd00:77::53'],
  },
  'AnyConnect for iOS': {
    userAgent: 'Cisco AnyConnect VPN Agent for Apple iPhone 5.0.05207',
    extra: ['--os', 'apple-ios', ...CISCO_DTLS],
    path: '/it/',
    group: 'it',
    mobile: true,
    told: [...PHONE, ...IPV6_AS_CISCO, 'X-CSTP-Split-Include-IP6=2000::/3'],
  },
  'AnyConnect with DTLS 0.9 alone': {
    userAgent: 'AnyConnect Linux_64 4.2.01022',
    extra: ['--dtls-ciphers', 'AES256-SHA', '--dtls12-ciphers', 'AES256-SHA', '--disable-ipv6'],
    path: '/it',
    group: 'it',
    channel: 'tls',
    told: DESK,
    untold: ['fd00:'],
  },
  'Clavister OneConnect': {
    userAgent: 'OneConnect/3.11.10.0 (Clavister OneConnect VPN)',
    extra: ['--os', 'win', '--authgroup', 'All our people'],
    group: 'our people',
    told: [...DESK, ...IPV6_AS_OPENCONNECT],
  },
};

const GROUPS = ['our people', 'it'];
const accounts = Object.keys(CLASSES).map((_, n): Account => account(`user${n}`));
/** A phone cannot be asked which group it wants. */
const PHONE_ACCOUNT: Account = { ...account('phone-17'), groups: ['it'] };

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(
  lab,
  {
    auth: { select_group: ['our people[All our people]', 'it[The technicians]'] },
    policy: {
      routes: ['10.99.0.0/16', 'fd00:99::/64'],
      dns: ['10.77.0.53', 'fd00:77::53'],
      dpd: '47s',
      mobile_dpd: '1900s',
      idle_timeout: '20m',
      mobile_idle_timeout: '2h',
    },
    http: { headers: { 'X-Frame-Options': 'DENY' } },
    // The last of them is for phones.
    tls: { ciphers: 'ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE-ECDSA-AES256-SHA' },
  },
  [...accounts, PHONE_ACCOUNT],
);

test(
  'each class of clients gets what is meant for it',
  { ...options, concurrency: 8 },
  async (t) => {
    await Promise.all(
      Object.entries(CLASSES).map(([name, expected], n) =>
        t.test(name, options, async () => {
          const { userAgent, extra, path } = expected;
          const client = await connect(n, {
            ...(accounts[n] !== undefined && { account: accounts[n] }),
            ...(path !== undefined && { path }),
            extra: [...extra, ...named(userAgent)],
          });
          checkLines(client, expected);
          assert.equal(client.channel, expected.channel ?? 'dtls', client.program.output);
          const session = await server.sessionOf(`user${n}`);
          assert.equal(session.group, expected.group);
          assert.equal(session.mobile, expected.mobile ?? false);
          await client.logOut();
        }),
      ),
    );
  },
);

test(
  'an IP phone logs in at /svc, and its cookie opens a tunnel through TLS [oc 4.9]',
  options,
  async () => {
    const agent = 'Cisco SVC IPPhone Client v1.0 (1.0)';
    const before = curl('-A', agent, `https://${SERVER_IPV4}/svc`);
    assert.match(
      before,
      /^HTTP\/1.1 200 OK\r\nX-Frame-Options: DENY\r\n[^]*webvpnlogin=1; Secure\r\n/,
    );
    const post = (password: string): string => {
      const fields = [`username=${PHONE_ACCOUNT.user}`, `password=${password}`];
      const body = fields.flatMap((field) => ['--data-urlencode', field]);
      return curl('-A', agent, ...body, `https://${SERVER_IPV4}/svc`);
    };
    assert.match(
      post('wrong'),
      /^HTTP\/1.1 401 Authentication failed\r\nX-Frame-Options: DENY\r\n/,
    );
    const cookie = /^Set-Cookie: webvpn=(\w+);/m.exec(post(PHONE_ACCOUNT.password))?.[1];
    assert.ok(cookie !== undefined);
    // What a phone has: TLS 1.2 with CBC, and DTLS 0.9.
    const suites = ['--dtls-ciphers', 'AES256-SHA', '--dtls12-ciphers', 'AES256-SHA'];
    const cbc = 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC';
    const extra = [...named(agent), ...suites, '--gnutls-priority', cbc];
    const client = await connect(99, { cookie, extra });
    checkLines(client, { told: [...DESK, 'X-CSTP-DNS-IP6=fd00:77::53'] });
    assert.equal(client.channel, 'tls');
    const { connection } = await server.sessionOf(PHONE_ACCOUNT.user);
    assert.match(connection?.tlsCipher ?? '', /AES256-SHA$/);
    await client.logOut();
  },
);

test('who is no client of ours gets the extra headers too, and nothing more', () => {
  assert.match(
    curl('-I', `https://${SERVER_IPV4}/`),
    /^HTTP\/1.1 200 OK\r\nX-Frame-Options: DENY\r\n/,
  );
  for (const path of ['svc', 'it', 'favicon.ico', '+CSCOE+/logon.html']) {
    const answer = curl(`https://${SERVER_IPV4}/${path}`);
    assert.match(answer, /^HTTP\/1.1 404 Not found\r\nX-Frame-Options: DENY\r\n/, path);
  }
});

function account(user: string): Account {
  return { user, password: 'pw & <ü> 100%', groups: GROUPS };
}

const named = (userAgent: string | undefined): string[] =>
  userAgent === undefined ? [] : ['--useragent', userAgent];

/** Its device gets no address: all of them are on one machine. */
const connect = (n: number, more: ClientOptions): Promise<Client> =>
  Client.connect(lab, { device: `tun${n}`, bare: true, ...more });

function checkLines(client: Client, { told, untold = [] }: Pick<Class, 'told' | 'untold'>): void {
  const lines = client.told('CISCO_CSTP_OPTIONS');
  for (const line of told) assert.ok(lines.split('\n').includes(line), `${line} in\n${lines}`);
  for (const part of untold) assert.ok(!lines.includes(part), `${part} in\n${lines}`);
}

/** The whole answer, head and body. */
function curl(...args: readonly string[]): string {
  return lab.client.run('curl', ['-ksi', '--max-time', '15', ...args]);
}
