// UDP through joining and cutting: whoever receives gets the very datagrams that were sent, in
// their order. While a burst is sent the server's workers are stopped, so that they find all of it
// at once and join what can be joined.
//
//   client (alice) ═══ server ─── far host, by cable
//   client (bob)   ═══╝
import assert from 'node:assert/strict';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { lineOf, planBursts } from './harness/datagrams.ts';
import { link, type Host } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { DEVICE, Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually, sleep } from './harness/wait.ts';

const PROGRAM = fileURLToPath(new URL('harness/datagrams.ts', import.meta.url));
const options = { timeout: 60_000 };
const PORT = 7000;
/** For openconnect to take a burst from its device and send it on. */
const RELAY_MS = 60;

const lab = new Lab();
after(() => lab.close());
const far = lab.host();
link(
  { host: lab.server, device: 'inside', addresses: ['203.0.113.1/24', '2001:db8:71::1/64'] },
  { host: far, device: 'inside', addresses: ['203.0.113.2/24', '2001:db8:71::2/64'] },
);
far.ip('route', 'add', 'default', 'via', '203.0.113.1');
far.ip('-6', 'route', 'add', 'default', 'via', '2001:db8:71::1');
const routes = ['10.77.0.0/16', 'fd00:77::/64', '203.0.113.0/24', '2001:db8:71::/64'];
const server = await Server.start(lab, { policy: { routes } });
// Super-packets that come up, and those among them that go down again.
lab.server.nft(`table inet datagrams {
  counter up {}
  counter down {}
  chain arrival {
    type filter hook prerouting priority raw
    iifname ${DEVICE} udp dport ${PORT} counter name up
  }
  chain departure {
    type filter hook postrouting priority 0
    iifname ${DEVICE} oifname ${DEVICE} udp dport ${PORT} counter name down
  }
}`);
await Client.connect(lab, { account: ALICE });
const bobsHost = lab.host();
link(
  { host: lab.server, device: 'outside2', addresses: ['192.0.2.1/30'] },
  { host: bobsHost, device: 'outside', addresses: ['192.0.2.2/30'] },
);
const bob = await Client.connect(lab, { account: BOB, host: bobsHost, server: '192.0.2.1' });

interface Place {
  readonly name: string;
  readonly host: Host;
  readonly address4: string;
  readonly address6: string;
  readonly prepare?: () => void;
}

const places: readonly Place[] = [
  {
    name: 'the server itself',
    host: lab.server,
    address4: server.inside4,
    address6: server.inside6,
  },
  { name: 'another client', host: bobsHost, address4: bob.ipv4, address6: bob.ipv6 },
  { name: 'a host behind it', host: far, address4: '203.0.113.2', address6: '2001:db8:71::2' },
  {
    name: 'a host behind a card that cuts nothing itself',
    host: far,
    address4: '203.0.113.2',
    address6: '2001:db8:71::2',
    prepare: () => {
      for (const host of [lab.server, far]) {
        host.run('ethtool', ['-K', 'inside', 'tx-udp-segmentation', 'off', 'gso', 'off']);
      }
    },
  },
];

let seed = 1;
for (const { name, host, address4, address6, prepare } of places) {
  for (const [family, address] of [
    ['IPv4', address4],
    ['IPv6', address6],
  ] as const) {
    test(`what a client sends over ${family} to ${name} comes unchanged`, options, async () => {
      prepare?.();
      assert.equal(ping(lab.client, address, 2), 1);
      await transfer(host, address, (seed += 1));
    });
  }
}

async function transfer(to: Host, address: string, seed: number): Promise<void> {
  const receiver = to.spawn(process.execPath, [PROGRAM, 'receive', `${PORT}`]);
  const sender = lab.client.spawn(process.execPath, [
    PROGRAM,
    'send',
    address,
    `${PORT}`,
    `${seed}`,
  ]);
  const workers = await server.workers();
  try {
    await Promise.all([receiver, sender].map((program) => program.waitFor(/ready/, 10_000)));
    const before = joined();
    const planned: string[] = [];
    for (const burst of planBursts(seed)) {
      for (const pid of workers) process.kill(pid, 'SIGSTOP');
      const from = sender.output.length;
      sender.signal('SIGUSR1');
      await sender.waitFor(/sent/, 5000, from);
      await sleep(RELAY_MS);
      for (const pid of workers) process.kill(pid, 'SIGCONT');
      planned.push(...burst.map(lineOf));
      await eventually('all of a burst', 5000, () => {
        const got = received(receiver.output).length;
        if (got < planned.length) throw new Error(`${got} of ${planned.length}`);
        return true;
      });
    }
    const got = received(receiver.output);
    for (const flow of ['0', '1', '2']) {
      const own = (line: string): boolean => line.startsWith(`${flow} `);
      assert.deepEqual(got.filter(own), planned.filter(own));
    }
    assert.equal(got.length, planned.length);
    const { up, down } = joined();
    const arrived = up - before.up;
    // How many wait for one receive is the machine's; with joining off each comes by itself.
    assert.ok(arrived > 0 && arrived < 0.8 * planned.length, `${arrived} of ${planned.length}`);
    if (to === bobsHost) assert.equal(down - before.down, arrived);
  } finally {
    for (const pid of workers) process.kill(pid, 'SIGCONT');
    await Promise.all([receiver.stop(), sender.stop()]);
  }
}

const received = (output: string): string[] => output.match(/^\d \d+ \w{40}$/gm) ?? [];

/** Packets and super-packets that the server's kernel has seen. */
function joined(): { readonly up: number; readonly down: number } {
  const text = lab.server.run('nft', ['list', 'counters']);
  const packets = (name: string): number =>
    Number(new RegExp(`counter ${name} \\{\\s*packets (\\d+)`).exec(text)?.[1]);
  return { up: packets('up'), down: packets('down') };
}
