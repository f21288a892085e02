import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { signalQuietly } from './harness/cleanup.ts';
import { Client } from './harness/client.ts';
import { link } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 120_000 };
/** Enough that both workers have some: all in one happens once in 128 runs, and harms nothing. */
const CLIENTS = 8;
const PINGS = 20;
/** A client's second flight may come before the primary has heard of its first. */
const FORWARDED_BY_A_HANDSHAKE = 6;

/** Without these no process may load eBPF, nor set the workers' first seccomp filter. */
const WITHOUT_EBPF = ['setpriv', '--bounding-set=-bpf,-sys_admin'];

const accounts = Array.from({ length: CLIENTS }, (_, n): Account => ({
  user: `user${n}`,
  password: 'x',
}));

void suite('steering by eBPF', () => {
  const lab = new Lab();
  after(() => lab.close());
  let scene: Scene;
  before(async () => {
    scene = await connectAll(lab);
  });

  test('no packet of any client is forwarded', options, async (t) => {
    const { server } = scene;
    assert.ok(server.log.some(({ msg }) => /^eBPF steers/.test(String(msg))));
    const earlier = await forwarded(server);
    t.diagnostic(`${earlier} packets forwarded while ${CLIENTS} clients connected`);
    assert.ok(earlier <= CLIENTS * FORWARDED_BY_A_HANDSHAKE, `${earlier}`);
    await exchange(scene);
    assert.equal((await forwarded(server)) - earlier, 0);
    assert.match(server.wolfctl('show', 'status').stdout, /Forwarded packets/);
  });

  test('nor after a worker has died and its clients are back', options, async () => {
    const { server, clients } = scene;
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
    const earlier = await forwarded(server);
    await exchange(scene);
    assert.equal((await forwarded(server)) - earlier, 0);
  });
});

test('where the kernel refuses eBPF packets are forwarded and arrive', options, async (t) => {
  const lab = new Lab();
  t.after(() => lab.close());
  const scene = await connectAll(lab, WITHOUT_EBPF);
  const warnings = scene.server.log.filter(({ msg }) => /by eBPF/.test(String(msg)));
  assert.equal(warnings.length, 1);
  const earlier = await forwarded(scene.server);
  await exchange(scene);
  const moved = (await forwarded(scene.server)) - earlier;
  t.diagnostic(`${moved} packets forwarded of ${EXCHANGED}`);
  assert.ok(moved > PINGS, `${moved}`);
});

interface Scene {
  readonly lab: Lab;
  readonly server: Server;
  readonly clients: readonly Client[];
}

/** A server with two workers, and clients on machines of their own, each with DTLS up. */
async function connectAll(lab: Lab, wrapper: readonly string[] = []): Promise<Scene> {
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

/** Packets of one exchange(), answers counted. */
const EXCHANGED = CLIENTS * 4 * PINGS * 2;

/** Echo requests both ways in both families: from each client, and to each. */
async function exchange({ lab, server, clients }: Scene): Promise<void> {
  const paths = clients.flatMap((client) => [
    { from: client.host, to: server.inside4 },
    { from: client.host, to: server.inside6 },
    { from: lab.server, to: client.ipv4 },
    { from: lab.server, to: client.ipv6 },
  ]);
  await Promise.all(
    paths.map(async ({ from, to }) => {
      const program = from.spawn('ping', [
        '-n',
        '-q',
        '-i',
        '0.02',
        '-W',
        '2',
        '-c',
        `${PINGS}`,
        to,
      ]);
      await program.waitForExit(20_000);
      const received = Number(/(\d+) received/.exec(program.output)?.[1] ?? 0);
      // What goes astray goes astray every time; a machine that stands still costs one answer.
      assert.ok(received >= PINGS - 1, `${from.namespace} to ${to}:\n${program.output}`);
    }),
  );
}

async function forwarded(server: Server): Promise<number> {
  return (await server.ask<'status'>({ command: 'status' })).forwardedPackets;
}
