// A thousand wrong messages, each nearly right, against the real server with all its processes. What
// counts is the state afterwards: nobody has died, nobody holds more than before, and the next
// person's login works.
//
// FUZZ_SEED=N repeats a run; FUZZ_CASES=N sends more or fewer than a thousand.
import assert from 'node:assert/strict';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE, BOB } from '../scenario/harness/accounts.ts';
import { Client } from '../scenario/harness/client.ts';
import { link } from '../scenario/harness/host.ts';
import { CLIENT_IPV4, Lab, SERVER_IPV4 } from '../scenario/harness/lab.ts';
import { descriptorsOf, processTree, rssKibOf } from '../scenario/harness/proc.ts';
import type { Program } from '../scenario/harness/program.ts';
import { sanitized } from '../scenario/harness/sanitizer.ts';
import { Server } from '../scenario/harness/server.ts';
import { ping } from '../scenario/harness/traffic.ts';
import { eventually } from '../scenario/harness/wait.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20261121);
const CASES = Number(process.env['FUZZ_CASES'] ?? 1000);
const SHARE = { heads: 0.3, bodies: 0.2, frames: 0.25, handshakes: 0.05, records: 0.2 } as const;

/** Beyond what a JavaScript heap keeps after a thousand requests; a leak of 64 KiB a case shows. */
const MAX_GROWTH_KIB = 64 * 1024;
/** auth hashes in threads, and each keeps its 19 MiB of argon2 memory for the next one. */
const MAX_AUTH_GROWTH_KIB = 256 * 1024;

const lab = new Lab();
after(() => lab.close());
// The router: the lab's client host, which also runs the attacker and the relay.
const router = lab.client;
const person = lab.host();
joinPerson();
const server = await Server.start(lab, {
  limits: { cookie_lifetime: '2s' },
  // Points are counted, and the attacker stays.
  ban: { max_score: 1_000_000 },
  log: { level: 'info' },
});

interface Holdings {
  readonly pids: readonly number[];
  readonly descriptors: Readonly<Record<number, number>>;
  readonly rssKib: Readonly<Record<number, number>>;
}

let before: Holdings;

test('the server is warm', { timeout: 60_000 }, async (t) => {
  t.diagnostic(`FUZZ_SEED=${SEED} FUZZ_CASES=${CASES}`);
  for (const account of [ALICE, BOB]) {
    await (await Client.connect(lab, { account, host: person })).logOut();
  }
  await noSessions();
  before = holdings();
});

test('mutated HTTP heads, XML bodies and CSTP frames', { timeout: 150_000 }, async (t) => {
  const attacker = router.spawn(process.execPath, [
    ...[program('attacker.ts'), SERVER_IPV4, String(SEED)],
    ...[SHARE.heads, SHARE.bodies, SHARE.frames].map((share) => String(Math.ceil(CASES * share))),
    ...[BOB.user, BOB.password],
  ]);
  const { code } = await attacker.waitForExit(140_000);
  assert.equal(code, 0, attacker.output);
  const done = JSON.parse(attacker.output) as Record<string, number>;
  t.diagnostic(attacker.output.trim());
  assert.equal(done['heads'], Math.ceil(CASES * SHARE.heads));
  // If hardly anything were answered, the cases would not reach what they are made for.
  assert.ok((done['answered'] ?? 0) > CASES * 0.2, attacker.output);
  assert.ok((done['tunnels'] ?? 0) > CASES * SHARE.frames * 0.5, attacker.output);
});

test('mutated datagrams of DTLS handshakes', { timeout: 90_000 }, async (t) => {
  const wanted = Math.ceil(CASES * SHARE.handshakes);
  const relay = await Relay.start(wanted, 'always');
  let clients = 0;
  for (; clients < 20 && relay.sent().mutated < wanted; clients += 1) {
    // A handshake that is spoilt costs the client 12 s; TLS serves it meanwhile.
    const client = await Client.connect(lab, { account: ALICE, host: person });
    assert.equal(ping(person, server.inside4), 1);
    await client.logOut();
  }
  await relay.stop();
  t.diagnostic(`${clients} clients, ${JSON.stringify(relay.sent())}`);
  assert.ok(relay.sent().mutated >= wanted);
});

test(
  'mutated and repeated datagrams do not disturb a DTLS channel',
  { timeout: 60_000 },
  async (t) => {
    const wanted = Math.ceil(CASES * SHARE.records);
    const relay = await Relay.start(wanted, 'established');
    const client = await Client.connect(lab, { account: ALICE, host: person });
    assert.equal(client.channel, 'dtls');
    const answered = ping(person, server.inside4, wanted);
    const { connection } = await server.sessionOf(ALICE.user);
    assert.equal(connection?.live?.channel, 'dtls');
    await client.logOut();
    await relay.stop();
    t.diagnostic(JSON.stringify(relay.sent()));
    assert.ok(relay.sent().mutated >= wanted, relay.output);
    assert.ok(answered > 0.99, `${answered * 100} % of the echo requests were answered`);
  },
);

test(
  'afterwards nobody has died, nothing has leaked, and people log in',
  { timeout: 90_000 },
  async () => {
    await noSessions();
    const client = await Client.connect(lab, { account: ALICE, host: person });
    assert.equal(client.channel, 'dtls');
    assert.equal(ping(person, server.inside4, 10), 1);
    await client.logOut();
    await noSessions();
    assert.deepEqual(holdings().pids, before.pids, 'a process died or was added');
    // A connection that was cut off in mid-request is closed when its time is over.
    await eventually('all descriptors are closed', 30_000, () => {
      for (const [pid, open] of Object.entries(holdings().descriptors)) {
        const atFirst = before.descriptors[Number(pid)] ?? 0;
        if (open > atFirst)
          throw new Error(`process ${pid} has ${open} descriptors, had ${atFirst}`);
      }
      return true;
    });
    const { authPid } = await server.ask<'status'>({ command: 'status' });
    for (const [pid, kib] of Object.entries(holdings().rssKib)) {
      const growth = kib - (before.rssKib[Number(pid)] ?? 0);
      const limit = Number(pid) === authPid ? MAX_AUTH_GROWTH_KIB : MAX_GROWTH_KIB;
      // The sanitizer keeps freed memory back, to see who uses it after all.
      assert.ok(sanitized || growth < limit, `process ${pid} has grown by ${growth} KiB`);
    }
    const bad = server.log.filter((line) => Number(line['level']) >= 50);
    assert.deepEqual(bad, []);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  },
);

/** person 203.0.113.2 ── 203.0.113.1 router ── server */
function joinPerson(): void {
  link(
    { host: router, device: 'inner', addresses: ['203.0.113.1/24'] },
    { host: person, device: 'outside', addresses: ['203.0.113.2/24'] },
  );
  router.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  person.ip('route', 'add', 'default', 'via', '203.0.113.1');
  lab.server.ip('route', 'add', '203.0.113.0/24', 'via', CLIENT_IPV4);
}

/** The person's datagrams go through it from start to stop. */
class Relay {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  static async start(copies: number, when: 'always' | 'established'): Promise<Relay> {
    const relay = router.spawn(process.execPath, [
      ...[program('relay.ts'), SERVER_IPV4, String(SEED), String(copies), when],
    ]);
    lab.onClose(() => relay.stop());
    await relay.waitFor(/ready/, 10_000);
    router.nft(`
      add table ip to_relay
      add chain ip to_relay arrival { type nat hook prerouting priority dstnat; }
      add rule ip to_relay arrival iifname "inner" udp dport 443 redirect to :9443`);
    return new Relay(relay);
  }

  get output(): string {
    return this.#program.output;
  }

  /** What it has sent, as of its last report. */
  sent(): { readonly passed: number; readonly mutated: number } {
    const report = this.output.trim().split('\n').at(-1) ?? '';
    return report.startsWith('{')
      ? (JSON.parse(report) as { passed: number; mutated: number })
      : { passed: 0, mutated: 0 };
  }

  async stop(): Promise<void> {
    router.run('nft', ['delete table ip to_relay']);
    await this.#program.stop();
  }
}

async function noSessions(): Promise<void> {
  await eventually('no session is left', 20_000, async () => {
    return (await server.ask<'sessions'>({ command: 'sessions' })).length === 0;
  });
}

function holdings(): Holdings {
  const pids = processTree(server.program.pid);
  return {
    pids,
    descriptors: Object.fromEntries(pids.map((pid) => [pid, descriptorsOf(pid)])),
    rssKib: Object.fromEntries(pids.map((pid) => [pid, rssKibOf(pid)])),
  };
}

function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
