import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Gate } from './harness/gate.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { FileServer, Iperf, ping } from './harness/traffic.ts';

const options = { timeout: 120_000 };
const MEGABYTE = 1_000_000;

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);
const gate = new Gate(lab);
const files = await FileServer.start(lab);
const iperf = new Iperf(lab);

for (const channel of ['dtls', 'tls'] as const) {
  suite(`over ${channel === 'dtls' ? 'DTLS' : 'TLS only'}`, () => {
    let client: Client;
    const other = channel === 'dtls' ? 'tcp' : 'udp';

    test('the tunnel comes up', options, async () => {
      client = await Client.connect(lab, { account: ALICE, dtls: channel === 'dtls' });
      assert.equal(client.channel, channel);
    });

    for (const [family, address] of [
      ['IPv4', server.inside4],
      ['IPv6', server.inside6],
    ] as const) {
      test(`small and full packets are answered over ${family}`, options, () => {
        assert.equal(ping(lab.client, address, 20), 1);
        const overhead = family === 'IPv4' ? 28 : 48;
        const full = Number(client.told('INTERNAL_IP4_MTU')) - overhead;
        assert.equal(ping(lab.client, address, 20, full), 1);
      });

      for (const direction of ['up', 'down'] as const) {
        test(`50 MB go ${direction} over ${family}, on that channel alone`, options, async () => {
          const moved = await gate.during(async () => {
            const { sentBytes, bytes } = await iperf.run(direction, '50M', address);
            assert.ok(sentBytes >= 50 * MEGABYTE, `${sentBytes} bytes sent`);
            assert.ok(bytes > 40 * MEGABYTE, `${bytes} bytes received`);
          });
          assert.ok(moved[other] < MEGABYTE, JSON.stringify(moved));
        });
      }

      test(`a 10 MB file comes and goes unchanged over ${family}`, options, async () => {
        await files.download(lab.client, address).finished();
        await files.upload(lab.client, address).finished();
      });
    }

    test('what has passed is counted', options, async () => {
      const { counters } = await server.sessionOf(ALICE.user);
      // Two times 50 MB and a file each way.
      assert.ok(counters.rxBytes > 100 * MEGABYTE, `rx ${counters.rxBytes}`);
      assert.ok(counters.txBytes > 100 * MEGABYTE, `tx ${counters.txBytes}`);
      assert.equal(counters.spoofedPackets, 0);
    });

    test('the tunnel was the same all the time', options, async () => {
      assert.doesNotMatch(client.program.output, /reconnect|dead peer/i);
      assert.deepEqual(await client.logOut(), { code: 0, signal: null });
    });
  });
}
