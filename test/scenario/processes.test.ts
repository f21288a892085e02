import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import { signalQuietly } from './harness/cleanup.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { FileServer, ping, reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 90_000 };
/** openconnect tries at once, and again after 10 s if that failed. */
const RETURN_MS = 25_000;

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

test(
  'a worker killed under load is replaced within a second and its client comes back',
  options,
  async () => {
    const server = await Server.start(lab);
    const files = await FileServer.start(lab);
    const client = await Client.connect(lab, { account: ALICE });
    const address = client.ipv4;
    const before = await server.sessionOf(ALICE.user);
    const load = files.download(lab.client, server.inside4, '1M');
    await eventually('the load runs', 10_000, async () => {
      return (await server.sessionOf(ALICE.user)).counters.txBytes > 1_000_000;
    });
    const pids = await server.workers();
    const victim = pids[before.connection?.worker ?? 0] ?? 0;

    signalQuietly(victim, 'SIGKILL');
    const killed = performance.now();
    await eventually('the worker is replaced', 5000, async () => {
      const now = await server.workers();
      return now.length === pids.length && !now.includes(victim);
    });
    const replacedMs = performance.now() - killed;
    assert.ok(replacedMs < 1000, `after ${Math.round(replacedMs)} ms`);

    await reachable(lab.client, server.inside4, RETURN_MS);
    const after = await server.sessionOf(ALICE.user);
    assert.deepEqual([after.id, after.address4], [before.id, address]);
    assert.ok(client.program.running);
    // The TCP connection inside outlives all that.
    await load.finished();
  },
);

test("the other worker's clients do not notice when a worker dies", options, async () => {
  const server = await Server.start(lab);
  const client = await Client.connect(lab, { account: ALICE });
  const { connection } = await server.sessionOf(ALICE.user);
  const bystander = (await server.workers())[1 - (connection?.worker ?? 0)] ?? 0;
  signalQuietly(bystander, 'SIGKILL');
  assert.equal(ping(lab.client, server.inside4, 100), 1);
  await eventually('the worker is replaced', 5000, async () => {
    const now = await server.workers();
    return now.length === 2 && !now.includes(bystander);
  });
  assert.equal(ping(lab.client, server.inside4, 20), 1);
  assert.doesNotMatch(client.program.output, /reconnect/i);
});

test('a killed auth process is replaced and the next login works', options, async () => {
  const server = await Server.start(lab);
  const { authPid } = await server.ask<'status'>({ command: 'status' });
  signalQuietly(authPid ?? 0, 'SIGKILL');
  await eventually('auth is replaced', 5000, async () => {
    const { authPid: now } = await server.ask<'status'>({ command: 'status' });
    return now !== null && now !== authPid;
  });
  await Client.connect(lab, { account: ALICE });
  assert.equal(ping(lab.client, server.inside4), 1);
});

test('when the primary is killed nothing is left: no process, no device', options, async () => {
  const server = await Server.start(lab);
  await Client.connect(lab, { account: ALICE });
  const exit = await server.end(() => signalQuietly(server.program.pid, 'SIGKILL'));
  assert.equal(exit.signal, 'SIGKILL');
});

test(
  'SIGTERM: clients are told and leave, everything is removed, the exit code is 0',
  options,
  async () => {
    const server = await Server.start(lab);
    const over = await Client.connect(lab, { account: ALICE, device: 'tun0' });
    const other = await Client.connect(lab, {
      account: BOB,
      device: 'tun1',
      bare: true,
      dtls: false,
    });
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    for (const client of [over, other]) {
      await client.program.waitForExit(5000);
      assert.match(client.program.output, /received server (disconnect|terminate)|server request/i);
      assert.doesNotMatch(client.program.output, /sleep \d+s/);
    }
  },
);

test('a server with NAT takes its nftables table away with it', options, async () => {
  const server = await Server.start(lab, { network: { nat: true } });
  assert.equal(lab.server.tables().length, 1);
  await server.stop();
});
