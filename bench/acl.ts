// What rules and long lists cost, apart from the table of bench/run.ts:
//
//   node bench/build.mjs            first
//   node bench/acl.ts lookups       verdicts a second of a program with 5,000 prefixes
//   node bench/acl.ts grants        what a CONNECT with 5,000 routes costs, shared and not
//   node bench/acl.ts bulk ROUNDS   as root: bulk with and without such a program, in turn
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import { parseAclRule } from '../core/policy/acl_rule.ts';
import { compileAcl } from '../core/policy/acl_program.ts';
import { renderRouteHeaders } from '../core/connect/route_headers.ts';
import type { OpenTunnelReply } from '../core/ipc/messages.ts';
import { formatCidr, networkOf } from '../core/net/address.ts';
import type { Cidr, Family } from '../core/net/address.ts';
import { aggregate } from '../core/net/aggregate.ts';
import type { PolicyLists } from '../core/policy/policy.ts';
import { SharedLists } from '../server/shared_lists.ts';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { Server } from '../test/scenario/harness/server.ts';
import { cpuSecondsOf } from '../test/scenario/harness/proc.ts';
import { GRANT } from '../test/unit/worker/bench.ts';
import { PolicyShelf } from '../worker/policy_shelf.ts';
import { loadAddon } from './load/client.ts';
import { LoadRun } from './load/scene.ts';
import { spreadOf } from './statistics.ts';

const PREFIXES = 5000;
const LOOKUP_SECONDS = 2;
const GRANTS = 500;
const BULK_SECONDS = 3;

const say = (what: string, figure: string): void =>
  void process.stdout.write(`${what}: ${figure}\n`);

/** Of many lengths, over all of IPv4 or 2000::/3; the same ones every time. */
function prefixes(family: Family, count: number): readonly Cidr[] {
  let state = 1n;
  const next = (): bigint => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return state >> 32n;
  };
  const networks = Array.from({ length: count }, () => {
    const high = next();
    const value = family === 4 ? high : (1n << 125n) | (high << 93n) | (next() << 61n);
    const length = Number(next() % 12n);
    return networkOf({ family, value }, (family === 4 ? 13 : 29) + length);
  });
  return aggregate(networks);
}

const listsOf = (policy: Partial<PolicyLists>): PolicyLists => ({
  routes: [],
  no_routes: [],
  enforce_routes: false,
  allow: [],
  deny: [],
  client_to_client: true,
  dns: [],
  nbns: [],
  ...policy,
});

function compiled(policy: Partial<PolicyLists>): Uint8Array {
  const program = compileAcl(listsOf(policy));
  if (program === undefined) throw new Error('too large');
  return program;
}

function lookups(): void {
  const addon = loadAddon();
  for (const family of [4, 6] as const) {
    const routes = prefixes(family, PREFIXES);
    const allow = parseAclRule('tcp:1-1024');
    if ('mistake' in allow) throw new Error(allow.mistake);
    const program = compiled({ routes, enforce_routes: true, allow: [allow] });
    for (const [name, random, cold] of [
      ['random addresses', true, false],
      ['random addresses, cold caches', true, true],
      ['one flow', false, false],
    ] as const) {
      const plan = { program, ipv6: family === 6, random, cold, seconds: LOOKUP_SECONDS };
      const [perSecond, share] = addon.runLookups(plan);
      const figure = `${(perSecond / 1e6).toFixed(1)} million/s, ${(share * 100).toFixed(0)} % allowed`;
      say(`IPv${family}, ${routes.length} prefixes, ${program.length >> 10} KiB, ${name}`, figure);
    }
  }
}

/** Milliseconds of one call, over many. */
function timed(times: number, action: () => void): string {
  for (let i = 0; i < Math.min(20, times); i++) action();
  const begun = performance.now();
  for (let i = 0; i < times; i++) action();
  return `${((performance.now() - begun) / times).toFixed(3)} ms`;
}

/** What the primary, the channel and the worker do for one CONNECT, each by itself. */
function grants(): void {
  const routes = prefixes(4, PREFIXES);
  const policy = { ...GRANT.policy, routes, enforce_routes: true };
  const whole: OpenTunnelReply = { kind: 'granted', grant: { ...GRANT, policy } };
  const message = (reply: OpenTunnelReply) => ({ kind: 'open-tunnel-reply', id: 1, reply });
  const bytes = serialize(message(whole));
  say(
    `whole, ${routes.length} routes, ${bytes.length >> 10} KiB, serialize`,
    timed(50, () => serialize(message(whole))),
  );
  say(
    'whole, deserialize',
    timed(50, () => void deserialize(bytes)),
  );
  say(
    'whole, lines of the answer',
    timed(10, () => void renderRouteHeaders(policy, true, 'openconnect')),
  );
  say(
    'whole, compile',
    timed(10, () => void compiled(policy)),
  );
  const acls: Uint8Array[] = [];
  const shelf = new PolicyShelf({
    engine: { defineAcl: (_, program) => void acls.push(program), forgetAcl: () => undefined },
  });
  const shared = new SharedLists((sent) => {
    if (sent.kind === 'policy-lists') shelf.handleMessage(sent);
  });
  let told = shared.share(whole);
  say(
    'shared, primary',
    timed(GRANTS, () => (told = shared.share(whole))),
  );
  const small = serialize(message(told));
  say(
    `shared, ${small.length} bytes, serialize and deserialize`,
    timed(GRANTS, () => void deserialize(serialize(message(told)))),
  );
  say(
    'shared, worker',
    timed(GRANTS, () => {
      const reply = shelf.complete(told);
      if (reply.kind === 'refused') return;
      const lists = shelf.listsOf(reply);
      lists.acl();
      // What the engine does with the string: it must be one piece, in UTF-8.
      Buffer.from(`HTTP/1.1 200 CONNECTED\r\n${lists.routeLines({ kind: 'openconnect' }, true)}`);
    }),
  );
}

/** CPU seconds a GB of the server, DTLS, both ways, with and without a program in turn. */
async function bulk(rounds: number): Promise<void> {
  const costs = new Map<string, number[]>();
  const routes = [...prefixes(4, PREFIXES).map(formatCidr), '10.77.0.0/16'];
  for (let round = 0; round < rounds; round++) {
    for (const [name, policy] of [
      ['without', {}],
      ['with', { routes, enforce_routes: true, allow: ['icmp', 'tcp:5000-5999', 'udp'] }],
      ['isolated', { client_to_client: false }],
    ] as const) {
      for (const [direction, cost] of await bulkOnce(policy)) {
        const key = `${name}, ${direction}`;
        costs.set(key, [...(costs.get(key) ?? []), cost]);
      }
    }
  }
  for (const [name, list] of costs)
    say(
      name,
      `${spreadOf(list)?.median.toFixed(3)} s/GB (${list.map((cost) => cost.toFixed(2)).join(' ')})`,
    );
}

async function bulkOnce(policy: Record<string, unknown>): Promise<(readonly [string, number])[]> {
  const lab = new Lab();
  try {
    const server = await Server.start(lab, { policy: policy as never, log: { level: 'info' } });
    const run = new LoadRun(lab, [
      ...['bulk', '--dtls', '--sessions', '1', '--seconds', '900', '--target', server.inside4],
    ]);
    const { addresses } = await run.ready(60_000);
    const iperf = lab.server.spawn('iperf3', ['-s', '--forceflush']);
    lab.onClose(() => iperf.stop());
    await iperf.waitFor(/Server listening/, 5000);
    const costs: (readonly [string, number])[] = [];
    for (const direction of ['up', 'down'] as const) {
      const before = cpuSecondsOf(server.program.pid);
      const args = ['-c', server.inside4, '-B', addresses[0] ?? '', '-J', '-t', `${BULK_SECONDS}`];
      const program = lab.client.spawn('iperf3', [
        ...args,
        ...(direction === 'down' ? ['-R'] : []),
      ]);
      await program.waitForExit(BULK_SECONDS * 1000 + 20_000);
      const report = JSON.parse(program.output) as {
        readonly end: { readonly sum_received: { readonly bytes: number } };
      };
      const cpu = cpuSecondsOf(server.program.pid) - before;
      costs.push([direction, cpu / (report.end.sum_received.bytes / 1e9)]);
    }
    const { counters } = await server.sessionOf(ALICE.user);
    if (counters.deniedPackets > 0) throw new Error('the rules were in the way');
    return costs;
  } finally {
    await lab.close();
  }
}

const [, , what, rounds] = process.argv;
if (what === 'lookups') lookups();
else if (what === 'grants') grants();
else if (what === 'bulk') await bulk(Number(rounds ?? 3));
else {
  process.stderr.write('lookups, grants, or bulk ROUNDS\n');
  process.exitCode = 2;
}
