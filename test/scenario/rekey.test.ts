// New keys under a stream of 100 packets a second in each direction [oc 7.3]. The stock client
// closes its tunnel before it opens the next one: what the server sends in the moment between the
// client's last look at its sockets and the news of their end is lost whatever the server does, so
// what is claimed here for the way down is that each packet went into a tunnel, and none twice.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { ClientOptions } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Probe } from './harness/probe.ts';
import { Server } from './harness/server.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 90_000 };
const REKEYS = 3;
const SSL = 'ssl.example.com';
const TLS12 = 'NORMAL:-VERS-TLS1.3';

const accounts = ['anna', 'bert', 'carl', 'dora'].map((user): Account => ({ user, password: 'x' }));

const lab = new Lab();
after(() => lab.close());
// GnuTLS then says which handshake messages have come: openconnect itself does not know of KeyUpdates.
process.env['GNUTLS_DEBUG_LEVEL'] = '4';
const server = await Server.start(
  lab,
  {
    policy: { rekey: '2s', rekey_method: 'new-tunnel' },
    vhost: [
      {
        name: SSL,
        tls: {
          certificate: lab.certificate.certificatePath,
          private_key: lab.certificate.keyPath,
        },
        policy: { rekey: '1s', rekey_method: 'ssl' },
      },
    ],
  },
  accounts,
);

const newTunnels = /CSTP rekey due/g;
const keyUpdates = /KEY UPDATE|KEY_UPDATE/g;

/** They wait more than they work: all at a time. */
const scenes: readonly [name: string, options: ClientOptions, sign: RegExp][] = [
  ['new-tunnel with DTLS', {}, newTunnels],
  ['new-tunnel over TLS 1.2', { dtls: false, extra: ['--gnutls-priority', TLS12] }, newTunnels],
  ['ssl over TLS 1.3: no new tunnel', { name: SSL, dtls: false }, keyUpdates],
  [
    'ssl with TLS 1.2 is new-tunnel',
    { name: SSL, dtls: false, extra: ['--gnutls-priority', TLS12] },
    newTunnels,
  ],
];

test('new keys cost no packet', { ...options, concurrency: true }, async (t) => {
  await Promise.all(
    scenes.map(([name, more, sign], n) =>
      t.test(name, options, async (each) => {
        const account = accounts[n];
        assert.ok(account);
        const client = await Client.connect(lab, { account, ...lab.neighbour(), ...more });
        const streams = await Promise.all([
          Probe.start(client.host, lab.server, server.inside4, 7000 + 2 * n),
          Probe.start(lab.server, client.host, client.ipv4, 7001 + 2 * n),
        ]);
        await eventually(`${REKEYS} times new keys`, 40_000, () => {
          return client.program.count(sign) >= REKEYS;
        });
        const [up, down] = await Promise.all(streams.map((stream) => stream.end()));
        assert.ok(up && down);
        each.diagnostic(
          `${client.program.count(sign)} times new keys; lost of ${up.sent} up: ${up.lost.length}, ` +
            `of ${down.sent} down: ${down.lost.length}`,
        );
        assert.deepEqual([up.lost, up.duplicated, down.duplicated], [[], [], []]);
        // What a tunnel has carried whose keys are just being replaced is added when it is closed.
        await eventually('all packets are counted', 5000, async () => {
          const { counters } = await server.sessionOf(account.user);
          assert.equal(counters.droppedPackets, 0);
          assert.ok(counters.txPackets >= down.sent, `${counters.txPackets} of ${down.sent}`);
          return true;
        });
        if (sign === keyUpdates) {
          assert.deepEqual(down.lost, []);
          assert.equal(client.program.count(newTunnels), 0);
        }
        await client.logOut();
      }),
    ),
  );
});
