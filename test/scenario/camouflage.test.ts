// A camouflaged server with real clients [oc 2.5]: openconnect with the secret and without, and a
// prober who compares its answers with those of a site that it is not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const SECRET = 'tulip-42';
const CAMOUFLAGE = { secret: SECRET, realm: 'Intranet' };
const options = { timeout: 60_000 };
const alice = { ...ALICE, groups: ['staff'] };

const lab = new Lab();
after(() => lab.close());
// A prober's connections come to nothing, and there are many of them here.
const server = await Server.start(
  lab,
  {
    camouflage: CAMOUFLAGE,
    ban: { failed_connect: 0 },
    http: { headers: { Server: 'nginx' } },
    auth: { select_group: ['staff', 'it'] },
  },
  [alice],
);

test('openconnect logs in with the secret, and comes back without it', options, async () => {
  const extra = ['--authgroup', 'staff'];
  const client = await Client.connect(lab, { account: alice, path: `/?${SECRET}`, extra });
  assert.equal(client.channel, 'dtls');
  const before = await server.sessionOf(alice.user);
  server.wolfctl('disconnect', 'user', alice.user);
  await eventually('alice is back', 25_000, async () => {
    const session = await server.sessionOf(alice.user);
    return session.state === 'connected' && session.since > before.since;
  });
  await reachable(lab.client, server.inside4);
  await client.logOut();
});

test('the URL names a group and carries the secret', options, async () => {
  const client = await Client.connect(lab, { account: alice, path: `/staff?${SECRET}` });
  assert.equal((await server.sessionOf(alice.user)).group, 'staff');
  await client.logOut();
});

test('a client that speaks no XML logs in with the secret, too', options, async () => {
  const extra = ['--no-xmlpost', '--authgroup', 'staff'];
  const client = await Client.connect(lab, { account: alice, path: `/?${SECRET}`, extra });
  await client.logOut();
});

for (const path of ['', '/', '/?tulip-4', '/?secret=tulip-42']) {
  test(
    `with ${path || 'nothing'} behind the name openconnect finds a web site`,
    options,
    async () => {
      const stranger = new Client(lab, { account: alice, path });
      assert.notEqual((await stranger.program.waitForExit(20_000)).code, 0);
      assert.match(
        stranger.program.output,
        /requested Basic authentication[^]*Failed to complete authentication/,
      );
    },
  );
}

test(
  'what a prober sees is one answer for everything, with no word of a VPN in it',
  options,
  () => {
    const seen = [
      get('/'),
      get('/auth', '-A', 'Open AnyConnect VPN Agent v9.01-3', '-H', 'X-Transcend-Version: 1'),
      get('/+CSCOT+/translation-table'),
      get('/1/index.html', '-b', `webvpn=${'0'.repeat(64)}`),
      get('/VPN', '-d', '<config-auth client="vpn" type="init"/>'),
      get('/?tulip', '--http1.0'),
      get('/', '-X', 'DELETE'),
    ].map((answer) => answer.replace(/^Date: .* GMT\r\n/m, 'Date: now\r\n'));
    assert.deepEqual(new Set(seen).size, 1);
    const [answer = ''] = seen;
    assert.match(answer, /^HTTP\/1\.1 401 Unauthorized\r\nDate: now\r\n/);
    assert.match(answer, /\r\nWWW-Authenticate: Basic realm="Intranet"\r\n/);
    assert.match(answer, /\r\nServer: nginx\r\n/);
    assert.doesNotMatch(answer, /transcend|webvpn|xml|vpn|wolfguard|ocserv|cisco|auth-request/i);
  },
);

test('a reload takes the camouflage off, and puts it on again', options, async () => {
  server.configure({ ban: { failed_connect: 0 } });
  assert.equal(server.wolfctl('reload').code, 0);
  await eventually('the workers are open', 5000, () => /<config-auth /.test(get('/')));
  server.configure({ camouflage: { secret: SECRET }, ban: { failed_connect: 0 } });
  assert.equal(server.wolfctl('reload').code, 0);
  await eventually('they are closed', 5000, () => /^HTTP\/1\.1 404 /.test(get('/')));
});

/** Head and body as curl gets them. */
const get = (target: string, ...args: string[]): string =>
  lab.client.run('curl', ['-ksi', '--max-time', '10', ...args, `https://${SERVER_IPV4}${target}`]);
