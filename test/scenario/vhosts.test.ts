// Virtual hosts on one port, as openconnect asks for them by SNI: certificate, logins, policy and
// addresses of their own.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { ALICE, BOB, writeAccounts } from './harness/accounts.ts';
import { makeCertificate } from './harness/certificate.ts';
import { Client, fetchCookie } from './harness/client.ts';
import type { ClientOptions } from './harness/client.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';

const options = { timeout: 60_000 };
const NAME = 'partners.example.com';

const lab = new Lab();
after(() => lab.close());
mkdirSync(lab.file('partners'));
const certificate = makeCertificate(lab.file('partners'), [SERVER_IPV4]);
writeAccounts(lab.file('partners/passwd'), [BOB]);
const server = await Server.start(
  lab,
  {
    vhost: [
      {
        name: NAME,
        tls: { certificate: certificate.certificatePath, private_key: certificate.keyPath },
        auth: { file: { path: lab.file('partners/passwd') } },
        policy: { banner: 'Welcome, partner', dns: ['10.78.0.1'], routes: ['10.78.0.0/16'] },
        ipv4: '10.78.0.0/16',
      },
    ],
  },
  [ALICE],
);

const atPartners = (more: ClientOptions): ClientOptions => ({
  ...more,
  pin: certificate.pin,
  name: NAME,
});

test('a name has its own certificate, people, policy and addresses', options, async () => {
  const client = await Client.connect(lab, atPartners({ account: BOB }));
  assert.match(client.ipv4, /^10\.78\./);
  assert.match(client.ipv6, /^fd00:77:/);
  assert.equal(client.told('INTERNAL_IP4_DNS'), '10.78.0.1');
  assert.equal(client.told('CISCO_BANNER'), 'Welcome, partner');
  assert.equal(client.channel, 'dtls');
  assert.equal(ping(lab.client, '10.78.0.1'), 1);
  const session = await server.sessionOf(BOB.user);
  assert.equal(session.local4, '10.78.0.1');
  await client.logOut();
});

test('its people are not those of the main server, nor the other way round', options, async () => {
  for (const wrong of [{ account: BOB }, atPartners({ account: ALICE })]) {
    const client = new Client(lab, wrong);
    assert.notEqual((await client.program.waitForExit(20_000)).code, 0);
    assert.match(client.program.output, /Login failed/);
  }
});

test('the main server serves every other name', options, async () => {
  const client = await Client.connect(lab, { account: ALICE, name: 'elsewhere.example.com' });
  assert.match(client.ipv4, /^10\.77\./);
  assert.equal(client.told('CISCO_BANNER'), '');
  await client.logOut();
});

test('a session of a virtual host keeps its addresses over a restart', options, async () => {
  const cookie = await fetchCookie(lab, atPartners({ account: BOB }));
  const first = await Client.connect(lab, atPartners({ cookie }));
  await first.kill();
  await server.stop();
  await server.startAgain();
  const second = await Client.connect(lab, atPartners({ cookie }));
  assert.deepEqual([second.ipv4, second.ipv6], [first.ipv4, first.ipv6]);
  assert.equal(second.told('INTERNAL_IP4_DNS'), '10.78.0.1');
});
