import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Gate } from './harness/gate.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { FileServer, ping, type Transfer } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 150_000 };
/** At 400 kB/s 10 MB take 25 s: time for the cut, for the way over TLS and for the way back. */
const RATE = '400k';
/** Enough that keepalives and probes cannot be taken for the transfer. */
const FLOWING_BYTES = 300_000;
/** openconnect tries DTLS again every 60 s when its handshake after the cut was lost, too. */
const DTLS_RETURN_MS = 80_000;

const lab = new Lab();
after(() => lab.close());
// Short timers: the client gives DTLS up after twice dpd, the server after switch_to_tcp.
const server = await Server.start(lab, { policy: { dpd: '2s', switch_to_tcp: '2s' } });
const gate = new Gate(lab);
const files = await FileServer.start(lab);

for (const [name, start] of [
  ['down', () => files.download(lab.client, server.inside4, RATE)],
  ['up', () => files.upload(lab.client, server.inside4, RATE)],
] as const) {
  test(
    `UDP blocked while a file goes ${name}: it goes on over TLS, then over DTLS again`,
    options,
    async () => {
      const client = await Client.connect(lab, { account: ALICE });
      assert.equal(client.channel, 'dtls');
      const before = await server.sessionOf(ALICE.user);
      const transfer: Transfer = start();
      await flowing('udp');

      gate.shutUdp();
      await flowing('tcp');
      await eventually('the server says TLS', 10_000, async () => (await channel()) === 'tls');
      gate.openUdp();
      await transfer.finished();
      await eventually('DTLS is back', DTLS_RETURN_MS, async () => {
        ping(lab.client, server.inside4, 1);
        return (await channel()) === 'dtls';
      });
      const moved = await gate.during(() => files.download(lab.client, server.inside4).finished());
      assert.ok(moved.udp > 10 * moved.tcp, JSON.stringify(moved));

      // The same session, the same CONNECT, the same process.
      const now = await server.sessionOf(ALICE.user);
      assert.deepEqual([now.id, now.since], [before.id, before.since]);
      assert.equal(now.connection?.tunnel, before.connection?.tunnel);
      assert.ok(client.program.running);
      assert.doesNotMatch(client.program.output, /reconnect/i);
      await client.logOut();
    },
  );
}

test('a client that never gets a datagram through works over TLS', options, async () => {
  gate.shutUdp();
  const client = await Client.connect(lab, { account: ALICE });
  assert.equal(client.channel, 'tls');
  await files.download(lab.client, server.inside4).finished();
  gate.openUdp();
  await client.logOut();
});

async function channel(): Promise<string | undefined> {
  return (await server.sessionOf(ALICE.user)).connection?.live?.channel;
}

async function flowing(protocol: 'tcp' | 'udp'): Promise<void> {
  const start = gate.bytes[protocol];
  await eventually(`traffic goes over ${protocol}`, 30_000, () => {
    return gate.bytes[protocol] - start > FLOWING_BYTES;
  });
}
