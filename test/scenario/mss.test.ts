import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { Host } from './harness/host.ts';
import { link } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import type { Program } from './harness/program.ts';
import { Server } from './harness/server.ts';

const options = { timeout: 60_000 };
const PORT = 8000;
const WEB = { IPv4: '192.0.2.2', IPv6: '2001:db8:2::2' } as const;
/** The server's, over a path of 1500 bytes that would allow 1434. */
const LINK_MTU = 1400;
const DATA_MTU = LINK_MTU - 66;
/** IP and TCP headers, and the timestamps that ss counts off, too. */
const MSS = { IPv4: DATA_MTU - 40 - 12, IPv6: DATA_MTU - 60 - 12 } as const;
const AMOUNT = 2_000_000;

// client ── tunnel ── server ── 192.0.2.0/24 ── web, and nobody hears of ICMP errors.
for (const nat of [true, false]) {
  void suite(`TCP through the server ${nat ? 'with' : 'without'} NAT`, async () => {
    const lab = new Lab();
    after(() => lab.close());
    const web = lab.host();
    link(
      { host: lab.server, device: 'web', addresses: ['192.0.2.1/24', '2001:db8:2::1/64'] },
      { host: web, device: 'web', addresses: [`${WEB.IPv4}/24`, `${WEB.IPv6}/64`] },
    );
    if (!nat) {
      web.ip('route', 'add', '10.77.0.0/16', 'via', '192.0.2.1');
      web.ip('route', 'add', 'fd00:77::/64', 'via', '2001:db8:2::1');
    }
    const server = await Server.start(lab, {
      network: { nat, forwarding: true },
      policy: { mtu: LINK_MTU, routes: ['192.0.2.0/24', '2001:db8:2::/64'] },
    });
    for (const host of [lab.server, lab.client, web]) loseIcmpErrors(host);
    const client = await Client.connect(lab, { account: ALICE });
    // As behind a client that is a router: those who speak there know nothing of the tunnel.
    lab.client.ip('link', 'set', client.device, 'mtu', '1500');

    for (const family of ['IPv4', 'IPv6'] as const) {
      for (const direction of ['up', 'down'] as const) {
        test(
          `${direction} over ${family} both ends keep to what the tunnel takes`,
          options,
          async () => {
            const [sender, receiver] = direction === 'up' ? [lab.client, web] : [web, lab.client];
            const listener = listen(web, direction);
            await listener.waitFor(/listening/, 5000);
            const caller = call(lab.client, WEB[family], direction);
            await caller.waitFor(/connected/, 5000);
            assert.equal(segmentSize(sender), MSS[family]);
            assert.equal(segmentSize(receiver), MSS[family]);
            caller.signal('SIGUSR2');
            const done = direction === 'up' ? listener : caller;
            await done.waitFor(new RegExp(`received ${AMOUNT}`), 10_000);
            await Promise.all([caller.stop(), listener.stop()]);
          },
        );
      }
    }

    test('the rules of the server say nothing of segments', options, async () => {
      assert.doesNotMatch(lab.server.run('nft', ['list', 'ruleset']), /maxseg/);
      const { droppedPackets } = (await server.sessionOf(ALICE.user)).counters;
      assert.equal(droppedPackets, 0);
    });
  });
}

/** Path MTU discovery gets no word. */
function loseIcmpErrors(host: Host): void {
  host.nft(`
    add table inet deaf
    add chain inet deaf in { type filter hook input priority 0; }
    add chain inet deaf forward { type filter hook forward priority 0; }
    add rule inet deaf in icmp type destination-unreachable drop
    add rule inet deaf in icmpv6 type packet-too-big drop
    add rule inet deaf forward icmp type destination-unreachable drop
    add rule inet deaf forward icmpv6 type packet-too-big drop`);
}

/** Takes one connection; `down`: sends AMOUNT bytes when it is told to. */
function listen(host: Host, direction: 'up' | 'down'): Program {
  return node(
    host,
    `require('net').createServer((socket) => {
      ${direction === 'up' ? count('socket') : `socket.on('data', () => ${flood('socket')})`}
    }).listen(${PORT}, '::', () => console.log('listening'));`,
  );
}

/** Connects, and sends AMOUNT bytes or asks for them on SIGUSR2. */
function call(host: Host, address: string, direction: 'up' | 'down'): Program {
  return node(
    host,
    `const socket = require('net').connect(${PORT}, '${address}', () => console.log('connected'));
    process.on('SIGUSR2', () => ${direction === 'up' ? flood('socket') : `socket.write('go')`});
    ${direction === 'up' ? '' : count('socket')}`,
  );
}

const flood = (socket: string): string => `${socket}.write(Buffer.alloc(${AMOUNT}))`;

const count = (socket: string): string =>
  `let n = 0; ${socket}.on('data', (data) => {
    n += data.length;
    if (n === ${AMOUNT}) console.log('received ' + n);
  });`;

const node = (host: Host, script: string): Program => host.spawn(process.execPath, ['-e', script]);

/** What the kernel there sends in one segment of the connection to or from PORT. */
function segmentSize(host: Host): number {
  const said = host.run('ss', [
    '-tinH',
    'state',
    'established',
    `( sport = ${PORT} or dport = ${PORT} )`,
  ]);
  return Number(/\bmss:(\d+)/.exec(said)?.[1]);
}
