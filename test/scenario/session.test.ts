import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping, reachable } from './harness/traffic.ts';
import { eventually, sleep } from './harness/wait.ts';

const options = { timeout: 60_000 };

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

test('a client killed with -9 comes back with its cookie and its address', options, async () => {
  const server = await Server.start(lab);
  const cookie = await fetchCookie(lab, { account: ALICE });
  const first = await Client.connect(lab, { cookie });
  const session = await server.sessionOf(ALICE.user);
  await first.kill();
  const second = await Client.connect(lab, { cookie });
  assert.deepEqual([second.ipv4, second.ipv6], [first.ipv4, first.ipv6]);
  assert.equal(second.channel, 'dtls');
  assert.equal(ping(lab.client, server.inside4), 1);
  assert.equal((await server.sessionOf(ALICE.user)).id, session.id);
});

test('a second CONNECT with the same cookie takes the session over', options, async () => {
  const server = await Server.start(lab);
  const cookie = await fetchCookie(lab, { account: ALICE });
  const first = await Client.connect(lab, { cookie, device: 'tun0' });
  // The first client is held still: it would take the session back at once.
  first.program.signal('SIGSTOP');
  lab.client.ip('link', 'del', 'tun0');
  const second = await Client.connect(lab, { cookie, device: 'tun1' });
  assert.equal(second.ipv4, first.ipv4);
  await reachable(lab.client, server.inside4);
  const session = await server.sessionOf(ALICE.user);
  assert.equal(session.state, 'connected');
  assert.equal((await server.ask<'status'>({ command: 'status' })).connected, 1);
  await first.kill();
  assert.equal(ping(lab.client, server.inside4), 1);
});

test('a goodbye ends the session: its cookie opens nothing more [oc 6.3]', options, async () => {
  const server = await Server.start(lab);
  const cookie = await fetchCookie(lab, { account: ALICE });
  await (await Client.connect(lab, { cookie })).logOut();
  await eventually(
    'the session is gone',
    5000,
    async () => (await server.ask<'sessions'>({ command: 'sessions' })).length === 0,
  );
  await assertRefused(cookie);
});

test(
  'a cookie dies when its client stays away for longer than cookie_lifetime',
  options,
  async () => {
    const server = await Server.start(lab, { limits: { cookie_lifetime: '3s' } });
    const cookie = await fetchCookie(lab, { account: ALICE });
    await (await Client.connect(lab, { cookie })).leave();
    await eventually(
      'the session waits',
      3000,
      async () => (await server.sessionOf(ALICE.user)).state === 'waiting',
    );
    await eventually(
      'the session is gone',
      8000,
      async () => (await server.ask<'sessions'>({ command: 'sessions' })).length === 0,
    );
    await assertRefused(cookie);
  },
);

test('a cookie that nobody gave out is refused', options, async () => {
  await Server.start(lab);
  await assertRefused('webvpn=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
});

test('session_timeout ends a session that is busy', options, async () => {
  const server = await Server.start(lab, { policy: { session_timeout: '4s' } });
  const client = await Client.connect(lab, { account: ALICE });
  const started = performance.now();
  while (client.program.running && performance.now() - started < 20_000) {
    ping(lab.client, server.inside4, 5);
    await sleep(100);
  }
  assert.ok(!client.program.running, client.program.output);
  assert.ok(performance.now() - started > 2000, 'it ended too early');
  assert.deepEqual(await server.ask<'sessions'>({ command: 'sessions' }), []);
});

test('idle_timeout ends a session that only pings', options, async () => {
  const server = await Server.start(lab, { policy: { idle_timeout: '4s' } });
  const client = await Client.connect(lab, { account: ALICE });
  const started = performance.now();
  while (client.program.running && performance.now() - started < 30_000) {
    ping(lab.client, server.inside4, 2);
    await sleep(200);
  }
  assert.ok(!client.program.running, client.program.output);
  assert.deepEqual(await server.ask<'users'>({ command: 'users' }), []);
});

test('max_sessions limits one user and no other', options, async () => {
  const server = await Server.start(lab, { policy: { max_sessions: 1 } });
  const first = await Client.connect(lab, { account: ALICE, device: 'tun0' });
  const second = new Client(lab, { account: ALICE, device: 'tun1' });
  assert.notEqual((await second.program.waitForExit(20_000)).code, 0);
  const other = await Client.connect(lab, { account: BOB, device: 'tun2', bare: true });
  assert.notEqual(other.ipv4, first.ipv4);
  assert.equal(ping(lab.client, server.inside4), 1);
});

test('max_clients limits all together', options, async () => {
  const server = await Server.start(lab, { limits: { max_clients: 1 } });
  const first = await Client.connect(lab, { account: ALICE, device: 'tun0' });
  const second = new Client(lab, { account: BOB, device: 'tun1' });
  assert.notEqual((await second.program.waitForExit(20_000)).code, 0);
  assert.equal(ping(lab.client, server.inside4), 1);
  await first.logOut();
  await Client.connect(lab, { account: BOB, device: 'tun2', bare: true });
});

test(
  'after a restart of the whole server a client comes back with cookie and address',
  options,
  async () => {
    const server = await Server.start(lab);
    const cookie = await fetchCookie(lab, { account: ALICE });
    const first = await Client.connect(lab, { cookie });
    await first.kill();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await server.startAgain();
    const second = await Client.connect(lab, { cookie });
    assert.deepEqual([second.ipv4, second.ipv6], [first.ipv4, first.ipv6]);
    assert.equal(ping(lab.client, server.inside4), 1);
  },
);

test(
  "a packet with an inside source that is not the client's own is dropped and counted",
  options,
  async () => {
    const server = await Server.start(lab);
    const client = await Client.connect(lab, { account: ALICE });
    const stranger = '10.77.99.99';
    assert.notEqual(client.ipv4, stranger);
    lab.client.ip('addr', 'add', `${stranger}/32`, 'dev', client.device);
    lab.server.nft(`
    add table inet watch
    add counter inet watch strangers
    add chain inet watch in { type filter hook prerouting priority 0; }
    add rule inet watch in ip saddr ${stranger} counter name strangers`);
    lab.client.try('ping', [
      '-n',
      '-c',
      '5',
      '-i',
      '0.02',
      '-W',
      '1',
      '-I',
      stranger,
      server.inside4,
    ]);
    await eventually('spoofed packets are counted', 5000, async () => {
      const { counters } = await server.sessionOf(ALICE.user);
      return counters.spoofedPackets >= 5;
    });
    assert.match(
      lab.server.run('nft', ['list', 'counter', 'inet', 'watch', 'strangers']),
      /packets 0 /,
    );
    assert.equal(ping(lab.client, server.inside4), 1);
  },
);

async function assertRefused(cookie: string): Promise<void> {
  const client = new Client(lab, { cookie, device: 'tun9' });
  assert.notEqual((await client.program.waitForExit(20_000)).code, 0);
  assert.match(client.program.output, /401/);
}
