import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { signalQuietly } from './harness/cleanup.ts';
import { Client } from './harness/client.ts';
import { link, type Host } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 120_000 };
/** Enough that both workers have some: all in one happens once in 128 runs, and harms nothing. */
const CLIENTS = 8;
const PINGS = 10;
/** A client's second flight may come before the primary has heard of its first. */
const FORWARDED_BY_A_HANDSHAKE = 6;

/** Without these no process may load eBPF, nor set the workers' first seccomp filter. */
const WITHOUT_EBPF = ['setpriv', '--bounding-set=-bpf,-sys_admin'];

const accounts = Array.from({ length: CLIENTS }, (_, n): Account => ({
  user: `user${n}`,
  password: 'x',
}));

void suite('steering', () => {
  test('with eBPF no packet of any client is forwarded', options, async (t) => {
    const { lab, server, clients } = await connectAll(t);
    assert.ok(server.log.some(({ msg }) => /^eBPF steers/.test(String(msg))));
    const before = await forwarded(server);
    t.diagnostic(`${before} packets forwarded while ${CLIENTS} clients connected`);
    assert.ok(before <= CLIENTS * FORWARDED_BY_A_HANDSHAKE, `${before}`);
    exchange(lab.server, server, clients);
    assert.equal((await forwarded(server)) - before, 0);
    assert.match(server.wolfctl('show', 'status').stdout, /Forwarded packets/);
  });

  test('nor after a worker has died and its clients are back', options, async (t) => {
    const { lab, server, clients } = await connectAll(t);
    const [victim = 0, bystander = 0] = await server.workers();
    signalQuietly(victim, 'SIGKILL');
    await eventually('all are back, by DTLS', 60_000, async () => {
      const [successor, same] = await server.workers();
      if (successor === victim || same !== bystander) return false;
      for (const { host } of clients) ping(host, server.inside4, 1);
      const users = await server.ask<'users'>({ command: 'users' });
      return (
        users.length === CLIENTS &&
        users.every(({ connection }) => connection?.live?.channel === 'dtls')
      );
    });
    const before = await forwarded(server);
    exchange(lab.server, server, clients);
    assert.equal((await forwarded(server)) - before, 0);
  });

  test(
    'where the kernel refuses eBPF packets are forwarded, and none is lost',
    options,
    async (t) => {
      const { lab, server, clients } = await connectAll(t, WITHOUT_EBPF);
      const warnings = server.log.filter(({ msg }) => /by eBPF/.test(String(msg)));
      assert.equal(warnings.length, 1);
      const before = await forwarded(server);
      exchange(lab.server, server, clients);
      const moved = (await forwarded(server)) - before;
      t.diagnostic(`${moved} packets forwarded of ${exchanged}`);
      assert.ok(moved > PINGS, `${moved}`);
    },
  );
});

interface Scene {
  readonly lab: Lab;
  readonly server: Server;
  readonly clients: readonly Client[];
}

/** A server with two workers, and clients on machines of their own, each with DTLS up. */
async function connectAll(t: TestContext, wrapper: readonly string[] = []): Promise<Scene> {
  const lab = new Lab();
  t.after(() => lab.close());
  const settings = wrapper.length === 0 ? {} : { workers: { sandbox: false } };
  const server = await Server.start(lab, settings, accounts, wrapper);
  const clients = await Promise.all(
    accounts.map(async (account, n) => {
      const host = lab.host();
      link(
        { host: lab.server, device: `lan${n}`, addresses: [`192.0.2.${4 * n + 1}/30`] },
        { host, device: 'outside', addresses: [`192.0.2.${4 * n + 2}/30`] },
      );
      return Client.connect(lab, { account, host, server: `192.0.2.${4 * n + 1}` });
    }),
  );
  for (const client of clients) {
    assert.equal(client.channel, 'dtls');
    assert.equal(ping(client.host, server.inside4, 2), 1);
  }
  return { lab, server, clients };
}

/** Packets that the pings of exchange() send, answers counted, both ways outside and inside. */
const exchanged = CLIENTS * 4 * PINGS * 2;

/** Echo requests both ways in both families: from each client, and to each. */
function exchange(serverHost: Host, server: Server, clients: readonly Client[]): void {
  for (const client of clients) {
    assert.equal(ping(client.host, server.inside4, PINGS), 1);
    assert.equal(ping(client.host, server.inside6, PINGS), 1);
    assert.equal(ping(serverHost, client.ipv4, PINGS), 1);
    assert.equal(ping(serverHost, client.ipv6, PINGS), 1);
  }
}

async function forwarded(server: Server): Promise<number> {
  return (await server.ask<'status'>({ command: 'status' })).forwardedPackets;
}
