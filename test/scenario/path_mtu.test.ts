import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Gate } from './harness/gate.ts';
import { Lab, SERVER_IPV4, SERVER_IPV6 } from './harness/lab.ts';
import { Router } from './harness/router.ts';
import { DEVICE, Server } from './harness/server.ts';
import { FileServer, ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 120_000 };
/** 10 MB take 10 s: time for the path to shrink in mid-transfer. */
const RATE = '1M';
const FLOWING_BYTES = 500_000;
const SMALL_PATH = 1300;
/** A full packet is tried again every 30 s. */
const RETRY_MS = 45_000;
/** Outside header, UDP, AES-GCM record, type byte [oc 5.5]. */
const OVERHEAD = { ipv4: 20 + 8 + 37 + 1, ipv6: 40 + 8 + 37 + 1 };

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);
const router = new Router(lab);
const { farClient } = router;
const gate = new Gate(lab, farClient);
const files = await FileServer.start(lab);

for (const [family, address, overhead] of [
  ['IPv4', SERVER_IPV4, OVERHEAD.ipv4],
  ['IPv6', SERVER_IPV6, OVERHEAD.ipv6],
] as const) {
  void suite(`a path over ${family} that shrinks under a tunnel`, () => {
    const small = SMALL_PATH - overhead;
    let client: Client;
    let full: number;

    test('a download by DTLS goes on within seconds, and by DTLS', options, async () => {
      router.setMtu(1500);
      router.forgetPaths();
      client = await Client.connect(lab, { account: ALICE, host: farClient, server: address });
      assert.equal(client.channel, 'dtls');
      full = await mtu();
      assert.equal(full, 1500 - overhead);

      const download = files.download(farClient, server.inside4, RATE);
      await received(FLOWING_BYTES);
      router.setMtu(SMALL_PATH);
      await eventually('the engine knows', 5000, async () => (await mtu()) === small);
      const moved = await gate.during(() => received(FLOWING_BYTES));
      assert.ok(moved.udp > 4 * moved.tcp, JSON.stringify(moved));
      await download.finished();
      assert.equal((await server.sessionOf(ALICE.user)).connection?.live?.channel, 'dtls');
    });

    test('the inside is told how much goes by DTLS, and loses nothing', options, () => {
      router.forgetPaths();
      const told = lab.server.try('ping', pingArguments(client.ipv4, 1350 - 28));
      assert.match(told.stdout + told.stderr, new RegExp(`mtu ?= ?${small}\\b`));
      // Who does not hear of it gets through all the same, by TLS.
      router.forgetPaths();
      blockTooBig();
      const deaf = lab.server.run('ping', pingArguments(client.ipv4, full - 28));
      assert.match(deaf, / 3 received/);
      lab.server.nft('delete table inet deaf');
    });

    test('no IPv6 sender is asked to go below 1280 bytes', options, () => {
      const told = lab.server.try('ping', pingArguments(client.ipv6, 1350 - 48));
      assert.match(told.stdout + told.stderr, /mtu ?= ?1280\b/);
      assert.equal(ping(lab.server, client.ipv6, 3, 1280 - 48), 1);
    });

    test('an upload through the smaller path comes through', options, async () => {
      await files.upload(farClient, server.inside4).finished();
    });

    test('a new connection fits from its first packet on', options, async () => {
      // The client's system believes in full packets and never hears better.
      router.forgetPaths();
      blockTooBig();
      const moved = await gate.during(() => files.download(farClient, server.inside4).finished());
      assert.ok(moved.tcp < 200_000, JSON.stringify(moved));
      lab.server.nft('delete table inet deaf');
    });

    test('full packets go by DTLS again when the path takes them again', options, async () => {
      router.setMtu(1500);
      router.forgetPaths();
      await eventually('the limit is gone', RETRY_MS, async () => (await mtu()) === full);
      assert.equal(ping(lab.server, client.ipv4, 3, full - 28), 1);
      const moved = await gate.during(() => files.download(farClient, server.inside4).finished());
      assert.ok(moved.tcp < 200_000, JSON.stringify(moved));
      assert.doesNotMatch(client.program.output, /reconnect|dead peer/i);
      await client.logOut();
    });
  });
}

async function mtu(): Promise<number> {
  return (await server.sessionOf(ALICE.user)).connection?.live?.mtu ?? 0;
}

/** What the engine tells the inside is lost on its way. */
function blockTooBig(): void {
  lab.server.nft(`
    add table inet deaf
    add chain inet deaf in { type filter hook input priority 0; }
    add rule inet deaf in iifname ${DEVICE} icmp type destination-unreachable drop`);
}

/** Waits until the client has received that much more. */
async function received(bytes: number): Promise<void> {
  const sent = async (): Promise<number> => (await server.sessionOf(ALICE.user)).counters.txBytes;
  const before = await sent();
  await eventually('the download flows', 10_000, async () => (await sent()) - before > bytes);
}

const pingArguments = (address: string, bytes: number): string[] => [
  ...['-n', '-i', '0.05', '-W', '2', '-c', '3', '-M', 'do', '-s', `${bytes}`, address],
];
