// A server that is made empty: nobody new comes in, who is there stays and may come back, and it
// stops when the last one has gone or the time is over.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, { limits: { drain: '5m' } });
const TURNED_AWAY = /This server takes no new connections now: try again in a moment/;

test(
  'while it drains a new login reads why not, and a tunnel stays and comes back',
  options,
  async () => {
    const alice = await Client.connect(lab, { account: ALICE, dtls: false });
    const { code, stdout } = server.wolfctl('drain', '--limit', '30m');
    assert.equal(code, 0);
    assert.match(stdout, /^new logins are refused; the server stops when 1 session has ended, in /);
    assert.deepEqual(await stateOf(), 'draining');
    assert.match(server.wolfctl('show', 'status').stdout, /^State +draining, 29m \d+s left$/m);

    const bob = new Client(lab, { account: BOB, device: 'tun1', dtls: false });
    assert.notEqual((await bob.program.waitForExit(10_000)).code, 0);
    assert.match(bob.program.output, TURNED_AWAY);
    assert.match(
      browse(),
      /^HTTP\/1.1 503 [^]*X-Reason: This server takes no new[^]*Retry-After: \d/,
    );

    const before = await server.sessionOf(ALICE.user);
    alice.program.signal('SIGUSR2');
    await eventually('alice has another tunnel', 15_000, async () => {
      const session = await server.sessionOf(ALICE.user);
      return session.state === 'connected' && session.since > before.since;
    });
    assert.equal((await server.sessionOf(ALICE.user)).id, before.id);
    await reachable(lab.client, server.inside4);

    assert.equal(server.wolfctl('reload').code, 0);
    assert.equal(await stateOf(), 'draining');

    assert.equal(server.wolfctl('drain', '--off').stdout, 'new logins are taken again\n');
    assert.equal(await stateOf(), 'ready');
    const again = await Client.connect(lab, { account: BOB, device: 'tun1', dtls: false });
    await Promise.all([alice.logOut(), again.logOut()]);
    assert.equal((await server.ask<'status'>({ command: 'status' })).bans, 0);
  },
);

test('SIGTERM with limits.drain waits for the last session, and no longer', options, async () => {
  const alice = await Client.connect(lab, { account: ALICE, dtls: false });
  const exit = server.end(() => server.program.signal('SIGTERM'));
  await eventually('it drains', 5000, async () => (await stateOf()) === 'draining');
  await reachable(lab.client, server.inside4);
  await alice.logOut();
  assert.equal((await exit).code, 0);
});

test('a second SIGTERM waits for nobody, and the client hears the goodbye', options, async () => {
  await server.startAgain();
  const alice = await Client.connect(lab, { account: ALICE, dtls: false });
  server.program.signal('SIGTERM');
  // Two within half a second would be one keypress.
  await eventually('it drains', 5000, async () => (await stateOf()) === 'draining');
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal((await server.stop()).code, 0);
  await alice.program.waitFor(GOODBYE, 5000);
});

test('when the time is over those that are left hear the goodbye', options, async () => {
  await server.startAgain();
  const alice = await Client.connect(lab, { account: ALICE, dtls: false });
  const exit = await server.end(() => void server.wolfctl('drain', '--limit', '1s'));
  assert.equal(exit.code, 0);
  await alice.program.waitFor(GOODBYE, 5000);
});

/** How openconnect says that the server has ended the tunnel. */
const GOODBYE = /received server (disconnect|terminate)|server request/i;

const stateOf = async (): Promise<string> =>
  (await server.ask<'status'>({ command: 'status' })).state;

/** What somebody hears who is no VPN client. */
function browse(): string {
  const url = `https://${SERVER_IPV4}:${PORT}/`;
  return lab.client.run('curl', ['-sik', '--max-time', '5', url]);
}
