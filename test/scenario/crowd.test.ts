import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { pssKibOf } from './harness/proc.ts';
import { Server } from './harness/server.ts';
import { eventually } from './harness/wait.ts';

const CLIENTS = 200;
/** Logins under way at a time: many clients, but no attack on the limits per source. */
const AT_ONCE = 16;

const lab = new Lab();
after(() => lab.close());
const accounts = Array.from({ length: 20 }, (_, n): Account => ({
  user: `user${n}`,
  password: 'x',
}));
const server = await Server.start(lab, {}, accounts);

test('200 clients at once have 200 different addresses', { timeout: 180_000 }, async (t) => {
  const emptyKib = await memoryKib();
  const clients: Client[] = [];
  const numbers = Array.from({ length: CLIENTS }, (_, n) => n).values();
  const lane = async (): Promise<void> => {
    for (const n of numbers) {
      const account = accounts[n % accounts.length];
      if (account === undefined) return;
      clients.push(await Client.connect(lab, { account, device: `tun${n}`, bare: true }));
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  t.diagnostic(`${CLIENTS} logins in ${Math.round(performance.now() - started)} ms`);

  assert.equal(new Set(clients.map((client) => client.ipv4)).size, CLIENTS);
  assert.equal(new Set(clients.map((client) => client.ipv6)).size, CLIENTS);
  assert.deepEqual(new Set(clients.map((client) => client.channel)), new Set(['dtls']));
  const users = await server.ask<'users'>({ command: 'users' });
  assert.deepEqual(
    new Set(users.map((user) => user.address4)),
    new Set(clients.map((client) => client.ipv4)),
  );
  assert.deepEqual(new Set(users.map((user) => user.connection?.worker)), new Set([0, 1]));
  const perSessionKib = ((await memoryKib()) - emptyKib) / CLIENTS;
  t.diagnostic(`${perSessionKib.toFixed(0)} KiB for each idle session, warming up included`);
  // ocserv needs 850; anything near that would mean a leak or a process per client.
  assert.ok(perSessionKib < 200, `${perSessionKib} KiB`);

  for (const client of clients) client.program.signal('SIGINT');
  await Promise.all(clients.map((client) => client.program.waitForExit(30_000)));
  await eventually('all sessions are over', 10_000, async () => {
    return (await server.ask<'sessions'>({ command: 'sessions' })).length === 0;
  });
});

/** Of the primary and the workers: what auth needs depends on logins, not on sessions. */
async function memoryKib(): Promise<number> {
  const pids = [server.program.pid, ...(await server.workers())];
  return pids.reduce((sum, pid) => sum + pssKibOf(pid), 0);
}
