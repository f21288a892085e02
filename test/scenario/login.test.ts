import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Dialogue } from './harness/dialogue.ts';
import { Lab, SERVER_IPV6 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);

test(
  'a person logs in and gets DTLS, addresses of both families and a way to the server',
  options,
  async () => {
    const client = await Client.connect(lab, { account: ALICE });
    assert.equal(client.channel, 'dtls');
    assert.match(client.ipv4, /^10\.77\./);
    assert.match(client.ipv6, /^fd00:77:/);
    assert.equal(ping(lab.client, server.inside4), 1);
    assert.equal(ping(lab.client, server.inside6), 1);
    const session = await server.sessionOf(ALICE.user);
    assert.equal(session.state, 'connected');
    assert.equal(session.address4, client.ipv4);
    assert.equal(session.connection?.live?.channel, 'dtls');
    assert.deepEqual(await client.logOut(), { code: 0, signal: null });
  },
);

test('a client that refuses DTLS works over TLS', options, async () => {
  const client = await Client.connect(lab, { account: ALICE, dtls: false });
  assert.equal(client.channel, 'tls');
  assert.equal(ping(lab.client, server.inside4), 1);
  assert.equal(ping(lab.client, server.inside6), 1);
  await client.logOut();
});

test('the server is reached over IPv6 outside as over IPv4', options, async () => {
  const client = await Client.connect(lab, { account: ALICE, server: SERVER_IPV6 });
  assert.equal(client.channel, 'dtls');
  assert.equal(ping(lab.client, server.inside4), 1);
  assert.equal((await server.sessionOf(ALICE.user)).peer.address, '2001:db8:51::2');
  await client.logOut();
});

test('a client that wants no IPv6 gets none', options, async () => {
  const client = await Client.connect(lab, { account: ALICE, extra: ['--disable-ipv6'] });
  assert.equal(client.ipv6, '');
  assert.equal(ping(lab.client, server.inside4), 1);
  await client.logOut();
});

test('a client that speaks no XML logs in by form', options, async () => {
  const client = await Client.connect(lab, { account: ALICE, extra: ['--no-xmlpost'] });
  assert.equal(ping(lab.client, server.inside4), 1);
  await client.logOut();
});

test('TLS 1.2 serves as well as TLS 1.3', options, async () => {
  const client = await Client.connect(lab, {
    account: ALICE,
    extra: ['--gnutls-priority', 'NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2'],
  });
  assert.match(client.program.output, /ciphersuite \(TLS1\.2\)/);
  assert.equal(client.channel, 'dtls');
  assert.equal(ping(lab.client, server.inside4), 1);
  await client.logOut();
});

test('a wrong password lets nobody in and harms nobody', options, async () => {
  const bob = await Client.connect(lab, { account: BOB, device: 'tun1' });
  const mallory = new Client(lab, { account: { user: ALICE.user, password: 'wrong' } });
  assert.notEqual((await mallory.program.waitForExit(20_000)).code, 0);
  assert.match(mallory.program.output, /Login failed/);
  assert.equal(ping(lab.client, server.inside4), 1);
  await bob.logOut();
});

test('an unknown name is answered like a wrong password', options, async () => {
  const nobody = new Client(lab, { account: { user: 'nobody', password: 'x' } });
  assert.notEqual((await nobody.program.waitForExit(20_000)).code, 0);
  assert.match(nobody.program.output, /Login failed/);
});

test('three wrong passwords end the dialogue with 401 [oc 2.1, 4.12]', options, () => {
  const dialogue = new Dialogue(lab);
  assert.equal(dialogue.init().status, 200);
  for (const attempt of [1, 2]) {
    const answer = dialogue.reply(ALICE.user, `wrong ${attempt}`);
    assert.equal(answer.status, 200);
    assert.match(answer.body, /Login failed/);
  }
  assert.equal(dialogue.reply(ALICE.user, 'wrong 3').status, 401);
  // That ends the dialogue, not the account.
  const fresh = new Dialogue(lab);
  fresh.init();
  assert.match(fresh.reply(ALICE.user, ALICE.password).cookies['webvpn'] ?? '', /./);
});
