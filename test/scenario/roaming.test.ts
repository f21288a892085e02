// A client whose outside address or port changes while a file goes through its tunnel.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { CLIENT_IPV4, Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { FileServer } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const OTHER_IPV4 = '198.51.100.3';
/** Twelve seconds: enough to change in the midst of it, also on a machine that is slow to change. */
const FILE_BYTES = 3_000_000;
const RATE = '250k';
/** What is over before the change. */
const FLOWING_BYTES = 100_000;

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);
const files = await FileServer.start(lab, { content: randomBytes(FILE_BYTES) });

test(
  'a NAT that gives the datagrams another port: they go on, nothing is begun anew',
  options,
  async (t) => {
    const client = await Client.connect(lab, { account: ALICE });
    assert.equal(client.channel, 'dtls');
    const before = await server.sessionOf(ALICE.user);
    const download = files.download(lab.client, server.inside4, RATE);
    await flowing();
    t.after(() => lab.client.try('nft', ['delete table ip remap']));
    // The whole file may be in the client's buffers already: these go on for as long as it takes.
    const pings = lab.client.spawn('ping', ['-i', '0.05', '-w', '60', server.inside4]);
    t.after(() => pings.stop());
    for (const port of [40_001, 40_002]) {
      remapPort(port);
      await eventually('datagrams come from there', 10_000, () => arrived(port) > 20);
    }
    await download.finished();
    const now = await server.sessionOf(ALICE.user);
    assert.deepEqual([now.id, now.connection?.tunnel], [before.id, before.connection?.tunnel]);
    assert.equal(now.connection?.live?.channel, 'dtls');
    assert.doesNotMatch(client.program.output, /reconnect|rehandshake|DTLS.*(fail|dead)/i);
    await client.logOut();
  },
);

test(
  'another address: the client comes back with its cookie, and the file goes on',
  options,
  async (t) => {
    const client = await Client.connect(lab, { account: ALICE });
    const before = await server.sessionOf(ALICE.user);
    const download = files.download(lab.client, server.inside4, RATE);
    await flowing();
    t.after(() => move(OTHER_IPV4, CLIENT_IPV4));
    move(CLIENT_IPV4, OTHER_IPV4);
    client.program.signal('SIGUSR2'); // what network managers send then
    // The file may be over before: the rest of it was in the client's buffers.
    const now = await eventually('another tunnel', 20_000, async () => {
      const session = await server.sessionOf(ALICE.user);
      const { tunnel } = session.connection ?? {};
      return tunnel !== undefined && tunnel !== before.connection?.tunnel && session;
    });
    await download.finished();
    assert.equal(now.id, before.id);
    const users = server.wolfctl('show', 'users', '--json').stdout;
    assert.match(users, new RegExp(`"Remote IP": *"${OTHER_IPV4.replaceAll('.', '\\.')}"`));
    await client.logOut();
  },
);

test('with deny_roaming it must log in again', options, async (t) => {
  server.configure({ limits: { deny_roaming: true } });
  assert.equal(server.wolfctl('reload').code, 0);
  const client = await Client.connect(lab, { account: ALICE });
  assert.equal(client.channel, 'dtls');
  t.after(() => move(OTHER_IPV4, CLIENT_IPV4));
  move(CLIENT_IPV4, OTHER_IPV4);
  client.program.signal('SIGUSR2');
  await client.program.waitForExit(20_000);
  assert.match(client.program.output, /cookie (is no longer valid|was rejected)|401/i);
});

async function flowing(): Promise<void> {
  const moved = async (): Promise<number> => (await server.sessionOf(ALICE.user)).counters.txBytes;
  const start = await moved();
  await eventually('the file flows', 10_000, async () => (await moved()) - start > FLOWING_BYTES);
}

function move(from: string, to: string): void {
  lab.client.ip('addr', 'del', `${from}/24`, 'dev', 'outside');
  lab.client.ip('addr', 'add', `${to}/24`, 'dev', 'outside');
}

/** What a NAT does that has forgotten a mapping: from now on the client's datagrams have that port. */
function remapPort(port: number): void {
  const sockets = lab.client.run('ss', ['-Hun', 'dst', `${SERVER_IPV4}:${PORT}`]);
  const own = /:(\d+)\s+\S+:443/.exec(sockets)?.[1] ?? '';
  lab.client.nft(`
    add table ip remap
    delete table ip remap
    table ip remap {
      counter arrived_${port} {}
      chain departure {
        type filter hook output priority 0
        ip daddr ${SERVER_IPV4} udp dport ${PORT} udp sport set ${port}
      }
      chain arrival {
        type filter hook prerouting priority raw
        ip saddr ${SERVER_IPV4} udp sport ${PORT} udp dport ${port} counter name arrived_${port} udp dport set ${own}
      }
    }`);
}

/** Datagrams that the server has sent to that port. */
function arrived(port: number): number {
  const counter = ['list', 'counter', 'ip', 'remap', `arrived_${port}`];
  return Number(/packets (\d+)/.exec(lab.client.run('nft', counter))?.[1]);
}
