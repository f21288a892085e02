// The step "radius" against a real freeradius: who comes in, what the session is given, and what the
// server's accounts say of it afterwards.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Client } from './harness/client.ts';
import { Dialogue } from './harness/dialogue.ts';
import { Freeradius } from './harness/freeradius.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const SECRET = 'a secret between two servers';
const ALICE = { user: 'alice', password: 's3cret' };
const CAROL = { user: 'carol', password: 's3cret' };
const USERS = `
alice Cleartext-Password := "s3cret"
  Class := "OU=staff;it",
  Framed-IP-Address := 192.0.2.77,
  Framed-IPv6-Address := fd00:77::77,
  Framed-Route := "10.77.0.0/16 10.77.0.1 1",
  Framed-Route += "172.20.0.0/14",
  Framed-IPv6-Route := "fd00:77::/64 :: 1",
  MS-Primary-DNS-Server := 10.77.0.53,
  DNS-Server-IPv6-Address := fd00:77::53,
  Session-Timeout := 3600,
  Idle-Timeout := 1800,
  Reply-Message := "Welcome, alice"
carol Cleartext-Password := "s3cret"
locked Cleartext-Password := "s3cret", Auth-Type := Reject
`;

const lab = new Lab();
after(() => lab.close());
writeFileSync(lab.file('radius.secret'), `${SECRET}\n`, { mode: 0o600 });
writeFileSync(lab.file('wrong.secret'), 'another secret\n', { mode: 0o600 });
const account = (port: number): { port: number; users: string; secret: string } => ({
  port,
  users: USERS,
  secret: SECRET,
});
const radius = await Freeradius.start(lab, account(1812));
const second = await Freeradius.start(lab, account(2812));
await Freeradius.start(lab, { ...account(3812), signs: false });
const settings = (changes: Readonly<Record<string, string | boolean | string[]>> = {}) => ({
  'auth.radius': {
    servers: ['127.0.0.1:1812'],
    secret_file: lab.file('radius.secret'),
    timeout: '1s',
    accounting: true,
    ...changes,
  },
  'auth.chain': [{ steps: ['radius'] }],
  log: { level: 'trace' },
  limits: { cookie_lifetime: '3s' },
});
const server = await Server.start(lab, settings());

test('what the server gives is what the client gets', options, async () => {
  const client = await Client.connect(lab, { account: ALICE });
  assert.deepEqual([client.ipv4, client.ipv6], ['192.0.2.77', 'fd00:77::77']);
  assert.equal(client.told('INTERNAL_IP4_NETMASK'), '255.255.255.255');
  assert.equal(client.told('CISCO_SPLIT_INC'), '2');
  assert.equal(client.told('CISCO_IPV6_SPLIT_INC'), '1');
  const dns = `${client.told('INTERNAL_IP4_DNS')} ${client.told('INTERNAL_IP6_DNS')}`.split(/\s+/);
  assert.deepEqual(dns.filter(Boolean).sort(), ['10.77.0.53', 'fd00:77::53']);
  assert.equal(client.told('CISCO_BANNER'), 'Welcome, alice');
  assert.match(client.told('CISCO_CSTP_OPTIONS'), /X-CSTP-Session-Timeout=3600/);
  assert.match(client.told('CISCO_CSTP_OPTIONS'), /X-CSTP-Idle-Timeout=1800/);
  assert.deepEqual((await server.sessionOf('alice')).groups, ['staff', 'it']);
  assert.match(lab.server.ip('route'), /192\.0\.2\.77 dev wolf0/);
  assert.equal(ping(lab.client, server.inside4), 1);
  const other = new Client(lab, { account: ALICE, device: 'tun1' });
  assert.notEqual((await other.program.waitForExit(20_000)).code, 0);
  assert.match(other.program.output, /reason: Your address is in use by another session/);
  await client.logOut();
  await eventually('the route is gone', 3000, () => !lab.server.ip('route').includes('192.0.2.77'));
});

test('its accounts say when, who, how much and why it ended', options, async () => {
  const [start, stop] = await records(radius, 2);
  assert.equal(start?.['Acct-Status-Type'], 'Start');
  assert.equal(stop?.['Acct-Status-Type'], 'Stop');
  assert.equal(start['Acct-Session-Id'], stop['Acct-Session-Id']);
  assert.equal(stop['Acct-Terminate-Cause'], 'User-Request');
  for (const record of [start, stop]) {
    assert.equal(record['User-Name'], 'alice');
    assert.equal(record['Framed-IP-Address'], '192.0.2.77');
    assert.equal(record['Framed-IPv6-Address'], 'fd00:77::77');
    assert.equal(record['Calling-Station-Id'], '198.51.100.2');
    assert.equal(Buffer.from(record['Class']?.slice(2) ?? '', 'hex').toString(), 'OU=staff;it');
  }
  assert.ok(Number(stop['Acct-Input-Octets']) > 0 && Number(stop['Acct-Output-Packets']) > 0);
});

test('wrong passwords, unknown and locked people are refused alike', options, () => {
  for (const [user, password] of [
    ['alice', 'wrong'],
    ['nobody', 's3cret'],
    ['locked', 's3cret'],
  ] as const) {
    const dialogue = new Dialogue(lab);
    dialogue.init();
    const answer = dialogue.reply(user, password);
    assert.deepEqual([answer.status, /Login failed/.test(answer.body)], [200, true]);
  }
});

test('a challenge is put to the person, and its answer lets them in', options, async () => {
  const secret = `0x${Buffer.from('12345678901234567890').toString('hex')},0`;
  const token = ['--token-mode=hotp', `--token-secret=${secret}`];
  const client = await Client.connect(lab, { account: CAROL, extra: token });
  assert.match(client.program.output, /Enter the number on your card/);
  assert.equal(ping(lab.client, server.inside4), 1);
  await client.kill();
  // Nobody comes back: the account ends for the reason for which the tunnel did.
  const [, , , stop] = await records(radius, 4);
  assert.equal(stop?.['Acct-Terminate-Cause'], 'Lost-Carrier');
});

test(
  'a second server is asked when the first is down; with none the answer is 503',
  options,
  async () => {
    server.configure(settings({ servers: ['127.0.0.1:9', '127.0.0.1:2812'] }));
    await server.ask({ command: 'reload' });
    assert.match(login().cookies['webvpn'] ?? '', /./);
    await second.stop();
    const started = performance.now();
    assert.equal(login().status, 503);
    assert.ok(performance.now() - started < 4000);
  },
);

test(
  'a wrong secret is an outage with a hint in the log, never a wrong password',
  options,
  async () => {
    server.configure(settings({ secret_file: lab.file('wrong.secret') }));
    await server.ask({ command: 'reload' });
    assert.equal(login().status, 503);
    assert.match(server.program.output, /has another secret/);
  },
);

test('a reply that could be forged is refused, unless that is switched off', options, async () => {
  server.configure(settings({ servers: ['127.0.0.1:3812'] }));
  await server.ask({ command: 'reload' });
  assert.equal(login().status, 503);
  await server.program.waitFor(/CVE-2024-3596/, 5000);
  server.configure(settings({ servers: ['127.0.0.1:3812'], require_message_authenticator: false }));
  await server.ask({ command: 'reload' });
  assert.match(login().cookies['webvpn'] ?? '', /./);
  for (const secret of [SECRET, ALICE.password]) {
    assert.ok(!server.program.output.includes(secret), 'a secret is in the log');
  }
});

test('while a session lasts its accounts say how it goes on', options, async () => {
  server.configure(settings({ interim_interval: '1s' }));
  await server.ask({ command: 'reload' });
  const client = await Client.connect(lab, { account: ALICE });
  assert.equal(ping(lab.client, server.inside4), 1);
  const interim = await eventually('an interim record', 10_000, () =>
    radius.records.find(
      (record) =>
        record['Acct-Status-Type'] === 'Interim-Update' && Number(record['Acct-Input-Octets']) > 0,
    ),
  );
  assert.ok(Number(interim['Acct-Output-Packets']) > 0);
  const before = radius.records.filter(isStop).length;
  await client.logOut();
  await eventually('a stop', 5000, () => radius.records.filter(isStop).length > before);
});

test(
  'accounts of an outage come when the server is back, over a restart of ours too',
  options,
  async () => {
    server.configure(settings());
    await server.ask({ command: 'reload' });
    const before = radius.records.length;
    const client = await Client.connect(lab, { account: ALICE });
    await records(radius, before + 1);
    await radius.stop();
    await client.logOut();
    await eventually('the session is over', 3000, async () =>
      (await server.ask<'sessions'>({ command: 'sessions' })).every(({ user }) => user !== 'alice'),
    );
    await server.stop();
    await server.startAgain();
    await radius.startAgain();
    const stop = (await records(radius, before + 2, 20_000)).at(-1);
    assert.equal(stop?.['Acct-Status-Type'], 'Stop');
    assert.equal(stop['Acct-Terminate-Cause'], 'User-Request');
    assert.ok(Number(stop['Acct-Delay-Time']) >= 1);
  },
);

test('a session of the last run gets its stop after a restart', options, async () => {
  const before = radius.records.length;
  const client = await Client.connect(lab, { account: ALICE });
  await records(radius, before + 1);
  await client.kill();
  await server.stop();
  await server.startAgain();
  const told = await records(radius, before + 2, 15_000);
  assert.equal(told.at(-1)?.['Acct-Status-Type'], 'Stop');
  assert.equal(told.at(-1)?.['Acct-Session-Id'], told.at(-2)?.['Acct-Session-Id']);
});

const isStop = (record: Readonly<Record<string, string>>): boolean =>
  record['Acct-Status-Type'] === 'Stop';

function login(): ReturnType<Dialogue['reply']> {
  const dialogue = new Dialogue(lab);
  dialogue.init();
  return dialogue.reply(ALICE.user, ALICE.password);
}

const records = (
  from: Freeradius,
  count: number,
  timeoutMs = 10_000,
): Promise<Freeradius['records']> =>
  eventually(`${count} records`, timeoutMs, () => {
    const found = from.records;
    return found.length >= count ? found : false;
  });
