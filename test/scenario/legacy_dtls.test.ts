import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Gate } from './harness/gate.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { FileServer } from './harness/traffic.ts';

const options = { timeout: 60_000 };

/**
 * Every suite of DTLS 1.2 that is resumed with the client's master secret, and the largest packet
 * in a datagram of 1500 bytes [oc 5.5, 8.3].
 */
const SUITES = [
  ['--dtls-ciphers', 'OC-DTLS1_2-AES256-GCM', 'AES256-GCM-SHA384', 1434],
  ['--dtls-ciphers', 'OC-DTLS1_2-AES128-GCM', 'AES128-GCM-SHA256', 1434],
  ['--dtls-ciphers', 'OC2-DTLS1_2-CHACHA20-POLY1305', 'PSK-CHACHA20-POLY1305', 1442],
  ['--dtls12-ciphers', 'AES256-GCM-SHA384', 'AES256-GCM-SHA384', 1434],
  ['--dtls12-ciphers', 'AES128-GCM-SHA256', 'AES128-GCM-SHA256', 1434],
  ['--dtls12-ciphers', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384', 1434],
  ['--dtls12-ciphers', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 1434],
] as const;

void suite('DTLS by resumption, as Cisco does it [oc 8.3]', () => {
  const lab = new Lab();
  after(() => lab.close());

  test('openconnect has it with every suite, and data goes both ways', options, async (t) => {
    const server = await Server.start(lab);
    const gate = new Gate(lab);
    const files = await FileServer.start(lab, { content: randomBytes(1_000_000) });
    for (const [option, name, cipher, mtu] of SUITES) {
      await t.test(`${option} ${name}`, options, async () => {
        const client = await Client.connect(lab, { account: ALICE, extra: noPsk(option, name) });
        assert.equal(client.channel, 'dtls', client.program.output);
        const { connection } = await server.sessionOf(ALICE.user);
        assert.equal(connection?.live?.dtlsCipher, cipher);
        assert.equal(client.told('INTERNAL_IP4_MTU'), `${mtu}`);
        const moved = await gate.during(async () => {
          await files.download(lab.client, server.inside4).finished();
          await files.upload(lab.client, server.inside4).finished();
        });
        assert.ok(moved.udp > 10 * moved.tcp, JSON.stringify(moved));
        await client.logOut();
      });
    }
  });
});

/** The other header would offer PSK-NEGOTIATE, which is always preferred. */
const noPsk = (option: string, name: string): string[] =>
  option === '--dtls-ciphers' ? [option, name] : [option, name, '--dtls-ciphers', 'AES256-SHA'];
