// Compression by the stock client's own code, on both channels and by both algorithms: what can be
// made smaller travels so, what cannot travels as it is, and everything arrives as it was.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client, type ClientOptions } from './harness/client.ts';
import { Gate } from './harness/gate.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { FileServer } from './harness/traffic.ts';

const options = { timeout: 60_000 };
const FILE_BYTES = 2_000_000;
/** Headers and records around packets that cannot be made smaller, and around acknowledgements. */
const OVERHEAD = 0.2;

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, { policy: { compression: true } });
const gate = new Gate(lab);
const files = {
  text: await FileServer.start(lab, { content: text(FILE_BYTES), port: 8080 }),
  noise: await FileServer.start(lab, { content: randomBytes(FILE_BYTES), port: 8081 }),
};
const withoutLz4 = makeLibraryWithoutLz4();

for (const [algorithm, library] of [
  ['LZ4', undefined],
  ['LZS', withoutLz4],
] as const) {
  for (const channel of ['dtls', 'tls'] as const) {
    test(`${algorithm} through ${channel}`, options, async (t) => {
      const client = await connect(t, {
        dtls: channel === 'dtls',
        ...(library === undefined ? {} : { env: { LD_LIBRARY_PATH: library } }),
      });
      assert.equal(client.channel, channel);
      assert.match(client.program.output, new RegExp(`with SSL \\+ ${algorithm} connected`));
      if (channel === 'dtls')
        assert.match(client.program.output, new RegExp(`and DTLS \\+ ${algorithm} `));
      for (const [kind, file] of Object.entries(files)) {
        for (const direction of ['download', 'upload'] as const) {
          const before = await insideBytes();
          const moved = await gate.during(() =>
            file[direction](lab.client, server.inside4).finished(),
          );
          const inside = (await insideBytes()) - before;
          const share = (channel === 'dtls' ? moved.udp : moved.tcp) / inside;
          t.diagnostic(`${kind} ${direction}: ${(share * 100).toFixed(0)} % of what is inside`);
          // Counters and limits are about what is inside.
          assert.ok(inside > FILE_BYTES, `${inside}`);
          if (kind === 'text') assert.ok(share < 0.8, `${share}`);
          else assert.ok(share > 1 && share < 1 + OVERHEAD, `${share}`);
        }
      }
    });
  }
}

test('without the policy nothing is agreed on', options, async (t) => {
  server.configure({});
  assert.equal(server.wolfctl('reload').code, 0);
  await connect(t);
  const moved = await gate.during(() => files.text.download(lab.client, server.inside4).finished());
  assert.ok(moved.udp > FILE_BYTES, `${moved.udp}`);
});

async function connect(t: TestContext, wishes: ClientOptions = {}): Promise<Client> {
  const client = await Client.connect(lab, { account: ALICE, ...wishes });
  t.after(() => client.logOut());
  return client;
}

async function insideBytes(): Promise<number> {
  const { counters } = await server.sessionOf(ALICE.user);
  return counters.rxBytes + counters.txBytes;
}

/** Lines of a log: alike, and no two the same. */
function text(bytes: number): Buffer {
  const lines = Array.from({ length: bytes / 50 }, (_, n) => {
    const when = new Date(1.7e12 + n * 977).toISOString();
    return `${when} worker ${n % 7}: request ${n * 7919} done in ${(n * 31) % 997} ms\n`;
  });
  return Buffer.from(lines.join('')).subarray(0, bytes);
}

/** openconnect cannot be told to offer LZS alone: its library offers LZ4 by a name of its own. */
function makeLibraryWithoutLz4(): string {
  const name = 'libopenconnect.so.5';
  const linked = lab.client.run('ldd', [lab.client.run('which', ['openconnect']).trim()]);
  const original = new RegExp(`${name} => (\\S+)`).exec(linked)?.[1] ?? '';
  const library = readFileSync(realpathSync(original));
  const at = library.indexOf('oc-lz4\0');
  assert.ok(at > 0 && library.indexOf('oc-lz4\0', at + 1) < 0, 'the library has the name once');
  library.write('no-lz4', at);
  writeFileSync(lab.file(name), library, { mode: 0o755 });
  return lab.directory;
}
