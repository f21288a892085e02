// As many sessions as one machine holds: logs them all in, keeps them through a few intervals of
// dead peer detection, and looks at what they cost and whether they work.
//
//   server: one namespace, as many workers as the limit on descriptors asks for
//   clients: another, as many processes as that limit asks for; half of them never ask the server
//            for a sign of life, so that there the server asks
//
// The recipe for a machine of one's own is in README.md, "100,000 sessions".
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { cpuSecondsOf, processTree, pssKibOf, rssKibOf } from '../test/scenario/harness/proc.ts';
import { Server } from '../test/scenario/harness/server.ts';
import { eventually } from '../test/scenario/harness/wait.ts';
import { Fleet } from './load/fleet.ts';
import { distribution, type Distribution } from './load/samples.ts';
import { addSources } from './load/scene.ts';
import { readMachine } from './machine.ts';

const USAGE = `node bench/hundred_thousand.ts [options]      (as root)

  --sessions N   (100000)
  --workers N    of the server (a core each, and more if the limit on descriptors asks for it)
  --clients N    processes (as many as the limit on descriptors asks for)
  --dpd N        seconds between signs of life (60); they are held a little over three times that
  --parallel N   logins under way at a time (192)
  --out FILE     (bench/hundred_thousand.json)

Needs "node build/native.mjs" and "node bench/build.mjs", about 60 KiB of memory a session, and for
100,000 sessions about 15 minutes on two cores. Ctrl-C cleans up.`;

const CHEAP_HASH = fileURLToPath(new URL('load/cheap_hash.mjs', import.meta.url));
const WOLFCTL = fileURLToPath(new URL('../cli/wolfctl.ts', import.meta.url));
const RESULT = fileURLToPath(new URL('hundred_thousand.json', import.meta.url));
/** 2^18 addresses; its first is the server's own. */
const POOL = '10.76.0.0/14';
const SERVER_INSIDE = '10.76.0.1';
const PROBED_SESSIONS = 100;
/** What a process opens besides: sockets, files, logins under way. */
const OTHER_DESCRIPTORS = 1000;
const DESCRIPTORS_PER_CLIENT_SESSION = 2;
/** How unevenly the kernel deals connections out to workers. */
const UNEVEN = 1.1;
const SOURCES_PER_CLIENT = 4;
/** A login rate that every machine reaches. */
const SLOWEST_LOGINS_PER_SECOND = 50;
const LONGEST_LISTING_MS = 120_000;
const LONGEST_LOGOUT_MS = 600_000;

const { values } = parseArgs({
  options: {
    ...{ sessions: { type: 'string' }, workers: { type: 'string' }, clients: { type: 'string' } },
    ...{ dpd: { type: 'string' }, parallel: { type: 'string' }, out: { type: 'string' } },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}
if (process.getuid?.() !== 0) {
  console.error('hundred_thousand: makes network namespaces: run it as root');
  process.exit(2);
}

const descriptors = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }));
const sessions = Number(values.sessions ?? 100_000);
const perClient = Math.floor((descriptors - OTHER_DESCRIPTORS) / DESCRIPTORS_PER_CLIENT_SESSION);
const clients = Number(values.clients ?? Math.max(2, Math.ceil(sessions / perClient)));
const perWorker = descriptors - OTHER_DESCRIPTORS;
const workers = Number(
  values.workers ?? Math.max(availableParallelism(), Math.ceil((sessions * UNEVEN) / perWorker)),
);
const dpdSeconds = Number(values.dpd ?? 60);
const started = performance.now();

const lab = new Lab();
try {
  const result = await run();
  writeFileSync(values.out ?? RESULT, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(JSON.stringify(result, undefined, 2));
} finally {
  await lab.close();
}

async function run(): Promise<Readonly<Record<string, unknown>>> {
  tell(
    `${sessions} sessions: ${workers} workers, ${clients} clients, ${descriptors} descriptors each`,
  );
  const server = await startServer();
  const root = server.program.pid;
  const empty = memoryOf(root);
  const sources = addSources(lab, clients * SOURCES_PER_CLIENT);
  const cpuBefore = cpuSecondsOf(root);
  const began = performance.now();
  const fleet = new Fleet(lab, {
    ...{ sessions, clients, sources, parallel: Number(values.parallel ?? 192) },
    ...{ probeSessions: PROBED_SESSIONS, target: SERVER_INSIDE },
  });
  const patienceMs = 120_000 + (sessions / SLOWEST_LOGINS_PER_SECOND) * 1000;
  const connected = await fleet.whileTelling(fleet.ready(patienceMs), tell);
  const loginSeconds = secondsSince(began);
  const logins = {
    ...{ seconds: loginSeconds, perSecond: round(connected / loginSeconds) },
    serverCpuMsPerLogin: round(((cpuSecondsOf(root) - cpuBefore) * 1000) / connected),
  };
  tell(`${connected} connected, ${logins.perSecond} a second; held for ${3 * dpdSeconds + 30} s`);

  const before = await fleet.state();
  const held = memoryOf(root);
  const [cpu, since] = [cpuSecondsOf(root), performance.now()];
  await fleet.whileTelling(sleep((3 * dpdSeconds + 30) * 1000), tell);
  const serverCores = round((cpuSecondsOf(root) - cpu) / secondsSince(since));
  const after = await fleet.state();
  tell('listing them');
  const listing = await list(server);
  const { roundTripsUs: whileListing } = await fleet.state();
  const { forwardedPackets, sessions: known } = await server.ask<'status'>({ command: 'status' });
  const clientMemory = fleet.pids.reduce((sum, pid) => sum + rssKibOf(pid), 0);

  tell('logging them out');
  const leaving = performance.now();
  const failures = await fleet.whileTelling(fleet.end(LONGEST_LOGOUT_MS), tell);
  // Clients wait for an answer to their goodbye for three seconds; the server works off the rest.
  const left = await eventually('all sessions have ended', LONGEST_LOGOUT_MS, async () => {
    await sleep(1000);
    const status = await server.ask<'status'>({ command: 'status' });
    return status.sessions === 0 ? status : false;
  });
  const logoutSeconds = secondsSince(leaving);
  return {
    date: new Date().toISOString(),
    machine: readMachine(),
    scene: { sessions, workers, clients, descriptors, dpdSeconds },
    ...{ connected, failures, logins },
    memory: {
      kibPerSession: round((held.totalKib - empty.totalKib) / connected),
      ...{ empty, held, clientsRssKib: clientMemory },
    },
    idle: { seconds: 3 * dpdSeconds + 30, serverCores },
    afterwards: {
      ...{ stillUp: after.up, stillUpByDtls: after.totals.dtls },
      ...{ knownToTheServer: known, forwardedPackets },
      askedByClients: after.totals.dpdAsked - before.totals.dpdAsked,
      askedByServerAndAnswered: after.totals.dpdAnswered - before.totals.dpdAnswered,
    },
    probes: probesOf(after.roundTripsUs, after.totals.probesSent - before.totals.probesSent),
    listing: { ...listing, probesMeanwhileUs: distribution(whileListing) },
    logout: { seconds: logoutSeconds, sessionsLeft: left.sessions },
    seconds: secondsSince(started),
  };
}

async function startServer(): Promise<Server> {
  for (const host of [lab.server, lab.client]) {
    host.run('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=10000 65000']);
  }
  const nodeOptions = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `${nodeOptions ?? ''} --import ${CHEAP_HASH}`;
  const settings = {
    workers: { count: workers },
    network: { ipv4: POOL },
    policy: { dpd: `${dpdSeconds}s`, routes: [POOL] },
    // All clients have one address outside, and some may have to begin anew.
    ban: { max_score: 0 },
    // 300,000 lines of the usual level would be held by this program.
    log: { level: 'warn' },
  };
  return Server.start(lab, settings, [ALICE]).finally(() => {
    if (nodeOptions === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = nodeOptions;
  });
}

/** `wolfctl show users --json`, as somebody would type it. */
async function list(server: Server): Promise<Readonly<Record<string, unknown>>> {
  const file = lab.file('users.json');
  const command = `"$0" "$@" > ${file}`;
  const args = [process.execPath, WOLFCTL, '--json', '--socket', server.socket, 'show', 'users'];
  const began = performance.now();
  const child = spawn('sh', ['-c', command, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: LONGEST_LISTING_MS,
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const seconds = secondsSince(began);
  if (code !== 0) return { seconds, exitCode: code };
  const text = readFileSync(file, 'utf8');
  const users = JSON.parse(text) as readonly Readonly<Record<string, unknown>>[];
  const onDtls = users.filter((user) => user['Channel'] === 'dtls').length;
  return { seconds, users: users.length, onDtls, bytes: text.length };
}

interface Memory {
  readonly totalKib: number;
  /** PSS by process. */
  readonly processes: readonly { readonly name: string; readonly kib: number }[];
}

function memoryOf(root: number): Memory {
  const processes = processTree(root).map((pid) => ({
    name: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    kib: pssKibOf(pid),
  }));
  return { totalKib: processes.reduce((sum, { kib }) => sum + kib, 0), processes };
}

function probesOf(
  roundTripsUs: readonly number[],
  sent: number,
): { readonly sessions: number; readonly sent: number; readonly roundTripUs: Distribution } {
  return { sessions: PROBED_SESSIONS, sent, roundTripUs: distribution(roundTripsUs) };
}

function tell(text: string): void {
  console.error(`${secondsSince(started).toFixed(0).padStart(5)} s  ${text}`);
}

function secondsSince(began: number): number {
  return round((performance.now() - began) / 1000);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
