import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
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

const accounts = SUITES.map((_, n): Account => ({ user: `user${n}`, password: 'x' }));

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, {}, accounts);
const files = await FileServer.start(lab, { content: randomBytes(1_000_000) });

test(
  'openconnect has DTLS by resumption with every suite, and data goes both ways',
  options,
  async (t) => {
    await Promise.all(
      SUITES.map(([option, name, cipher, mtu], n) =>
        t.test(`${option} ${name}`, options, async () => {
          const account = accounts[n];
          assert.ok(account);
          const neighbour = lab.neighbour();
          const gate = new Gate(lab, neighbour.host);
          const extra = noPsk(option, name);
          const client = await Client.connect(lab, { account, ...neighbour, extra });
          assert.equal(client.channel, 'dtls', client.program.output);
          const { connection } = await server.sessionOf(account.user);
          assert.equal(connection?.live?.dtlsCipher, cipher);
          assert.equal(client.told('INTERNAL_IP4_MTU'), `${mtu}`);
          const moved = await gate.during(async () => {
            await files.download(client.host, server.inside4).finished();
            await files.upload(client.host, server.inside4).finished();
          });
          assert.ok(moved.udp > 10 * moved.tcp, JSON.stringify(moved));
          await client.logOut();
        }),
      ),
    );
  },
);

/** The other header would offer PSK-NEGOTIATE, which is always preferred. */
const noPsk = (option: string, name: string): string[] =>
  option === '--dtls-ciphers' ? [option, name] : [option, name, '--dtls-ciphers', 'AES256-SHA'];
