// The load client's figures, for wolfguard and ocserv in turn, each in a lab of its own:
//
//   node bench/load_figures.ts bulk    server CPU seconds per GB, DTLS or --tls, both ways
//   node bench/load_figures.ts hold    memory of the server with --sessions held, and probes
//   node bench/load_figures.ts storm   logins per second, password check excluded for wolfguard
//   node bench/load_figures.ts flood   64-byte packets, both ways
//   node bench/load_figures.ts crowd   probes of one session, alone and while --rate logins/s arrive
//   node bench/load_figures.ts busy    probes while JavaScript is kept busy (wolfguard only)
//
// Options: --only NAME, --rounds N, --seconds T, --sessions N, --streams N, --rate R, --tls,
// --nic-segmentation off. Prints one JSON line per measurement.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { Ocserv } from '../test/scenario/harness/ocserv.ts';
import { cpuSecondsOf, processTree, pssKibOf, waitsOf } from '../test/scenario/harness/proc.ts';
import type { Waits } from '../test/scenario/harness/proc.ts';
import { Server } from '../test/scenario/harness/server.ts';
import { addSources, LoadRun } from './load/scene.ts';

const BUSY_SCRIPT = fileURLToPath(new URL('load/busy_script.mjs', import.meta.url));
const CHEAP_HASH = fileURLToPath(new URL('load/cheap_hash.mjs', import.meta.url));
const LOAD = fileURLToPath(new URL('load.ts', import.meta.url));
/** Of a GB of iperf3's goodput. */
const GB = 1e9;
const FIRST_PORT = 5201;
const FLOOD_PORT = 5009;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ only: { type: 'string' }, rounds: { type: 'string' }, seconds: { type: 'string' } },
    ...{ sessions: { type: 'string' }, streams: { type: 'string' }, rate: { type: 'string' } },
    ...{ tls: { type: 'boolean' }, 'nic-segmentation': { type: 'string' } },
    ...{ workers: { type: 'string' } },
  },
});
const rounds = Number(values.rounds ?? 3);
const seconds = Number(values.seconds ?? 5);
const channel = values.tls === true ? '--tls' : '--dtls';

interface Scene {
  readonly lab: Lab;
  readonly server: { readonly program: { readonly pid: number }; readonly inside4: string };
}
type Figures = Readonly<Record<string, unknown>>;

const cases: Readonly<Record<string, (scene: Scene) => Promise<Figures>>> = {
  bulk,
  hold,
  storm,
  flood,
  crowd,
  busy,
};
const measure = cases[positionals[0] ?? ''];
if (measure === undefined || process.getuid?.() !== 0) {
  console.error(`load_figures: run as root with one of ${Object.keys(cases).join(', ')}`);
  process.exit(2);
}
for (let round = 0; round < rounds; round += 1) {
  const names = (['wolfguard', 'ocserv'] as const).filter((name) => name === (values.only ?? name));
  for (const name of round % 2 === 0 ? names : names.toReversed()) {
    const lab = new Lab();
    try {
      if (values['nic-segmentation'] === 'off') {
        const off = ['-K', 'outside', 'tx-udp-segmentation', 'off', 'gso', 'off'];
        for (const host of [lab.server, lab.client]) host.run('ethtool', off);
      }
      const figures = await measure({ lab, server: await start(name, lab) });
      console.log(JSON.stringify({ case: positionals[0], server: name, round, ...figures }));
    } finally {
      await lab.close();
    }
  }
}

function start(name: 'wolfguard' | 'ocserv', lab: Lab): Promise<Scene['server']> {
  if (name === 'ocserv') return Ocserv.start(lab, [ALICE]);
  if (['storm', 'hold', 'crowd', 'busy'].includes(positionals[0] ?? '')) {
    const busy = positionals[0] === 'busy' ? ` --import ${BUSY_SCRIPT}` : '';
    process.env['NODE_OPTIONS'] = `--import ${CHEAP_HASH}${busy}`;
  }
  const settings = { workers: { count: Number(values.workers ?? 0) }, log: { level: 'info' } };
  return Server.start(lab, settings, [ALICE]).finally(() => delete process.env['NODE_OPTIONS']);
}

/** iperf3 through --streams of --sessions sessions, first down, then up. */
async function bulk({ lab, server }: Scene): Promise<Figures> {
  const sessions = Number(values.sessions ?? 1);
  const streams = Number(values.streams ?? 1);
  const run = new LoadRun(lab, [
    ...['bulk', channel, '--sessions', `${sessions}`, '--seconds', '600'],
    ...['--buffer', `${4 << 20}`, '--target', server.inside4],
  ]);
  const { addresses } = await run.ready(60_000);
  const chosen = Array.from(
    { length: streams },
    (_, n) => addresses[Math.floor((n * addresses.length) / streams)] ?? '',
  );
  for (const n of chosen.keys()) {
    const program = lab.server.spawn('iperf3', ['-s', '--forceflush', '-p', `${FIRST_PORT + n}`]);
    lab.onClose(() => program.stop());
    await program.waitFor(/Server listening/, 5000);
  }
  const figures: Record<string, unknown> = { channel: channel.slice(2), sessions, streams };
  for (const direction of ['down', 'up'] as const) {
    const pids = { server: server.program.pid, client: run.program.pid };
    const before = { server: cpuSecondsOf(pids.server), client: cpuSecondsOf(pids.client) };
    const clients = chosen.map((address, n) =>
      lab.client.spawn('iperf3', [
        ...['-c', server.inside4, '-B', address, '-p', `${FIRST_PORT + n}`, '-J'],
        ...['-t', `${seconds}`, ...(direction === 'down' ? ['-R'] : [])],
      ]),
    );
    const received = await Promise.all(
      clients.map(async (client) => {
        await client.waitForExit(seconds * 1000 + 30_000);
        const report = JSON.parse(client.output) as {
          readonly end?: { readonly sum_received?: { readonly bytes: number } };
        };
        return report.end?.sum_received?.bytes ?? 0;
      }),
    );
    const gigabytes = received.reduce((sum, bytes) => sum + bytes, 0) / GB;
    figures[direction] = {
      serverCpuSecondsPerGb: round3((cpuSecondsOf(pids.server) - before.server) / gigabytes),
      clientCpuSecondsPerGb: round3((cpuSecondsOf(pids.client) - before.client) / gigabytes),
      gigabitPerSecond: round3((gigabytes * 8) / seconds),
    };
  }
  return figures;
}

async function hold({ lab, server }: Scene): Promise<Figures> {
  const sessions = Number(values.sessions ?? 2000);
  const sources = addSources(lab, 16);
  const empty = memoryKib(server);
  const run = new LoadRun(lab, [
    ...['hold', channel, '--sessions', `${sessions}`, '--parallel', '32'],
    ...['--sources', sources.join(','), '--seconds', `${seconds}`],
    ...['--probe-rate', '100', '--probe-sessions', '100', '--target', server.inside4],
  ]);
  const ready = await run.ready(600_000);
  await sleep(1000);
  const cpuBefore = cpuSecondsOf(server.program.pid);
  const since = performance.now();
  const full = memoryKib(server);
  await sleep((seconds - 3) * 1000);
  const lasted = (performance.now() - since) / 1000;
  const cores = (cpuSecondsOf(server.program.pid) - cpuBefore) / lasted;
  const report = await run.report<Figures>(seconds * 1000 + 120_000);
  return {
    ...{ sessions: ready.connected, emptyKib: empty, heldKib: full },
    kibPerSession: round3((full - empty) / ready.connected),
    serverCores: round3(cores),
    ...report,
  };
}

async function storm({ lab, server }: Scene): Promise<Figures> {
  const sources = addSources(lab, 4);
  const args = ['storm', channel, '--parallel', '32', '--sources', sources.join(',')];
  // The first logins renew the hash and warm the server up.
  await new LoadRun(lab, [...args, '--seconds', '2']).report(60_000);
  const before = cpuSecondsOf(server.program.pid);
  const run = new LoadRun(lab, [...args, '--seconds', `${seconds}`]);
  const report = await run.report<Figures>(seconds * 1000 + 60_000);
  const { logins } = report as { readonly logins: { readonly completed: number } };
  const spent = cpuSecondsOf(server.program.pid) - before;
  // Of ocserv only the processes that outlive a login are seen: its own figure would be too low.
  return { lastingProcessesCpuMsPerLogin: round3((spent * 1000) / logins.completed), ...report };
}

async function crowd({ lab, server }: Scene): Promise<Figures> {
  const figures: Record<string, unknown> = {};
  const rate = Number(values.rate ?? 200);
  const storm = ['storm', channel, '--sources', addSources(lab, 4).join(','), '--rate', `${rate}`];
  await new LoadRun(lab, [...storm, '--seconds', '2']).report(60_000);
  for (const when of ['alone', 'crowded'] as const) {
    const { probe, packetThreads } = await startProbe(lab, server);
    const others =
      when === 'crowded' ? new LoadRun(lab, [...storm, '--seconds', `${seconds}`]) : undefined;
    figures[when] = await outcomeOf(probe, packetThreads);
    figures['logins'] = (await others?.report<Figures>(60_000))?.['logins'];
  }
  return figures;
}

async function busy({ lab, server }: Scene): Promise<Figures> {
  const { probe, packetThreads } = await startProbe(lab, server);
  return { busy: await outcomeOf(probe, packetThreads) };
}

/** The far end would not share our cores: what its probes wait for a core is not the server's. */
async function startProbe(
  lab: Lab,
  server: Scene['server'],
): Promise<{ readonly probe: LoadRun; readonly packetThreads: () => Waits }> {
  const args = ['hold', channel, '--probe-rate', '100', '--target', server.inside4];
  const probe = new LoadRun(lab, [...args, '--seconds', `${seconds}`], ['chrt', '--fifo', '1']);
  await probe.ready(30_000);
  const pids = processTree(server.program.pid);
  return { probe, packetThreads: () => waitsOf(pids, 'wolf-packets') };
}

/** The round trips, and how often and how long the server's packet threads waited for a core. */
async function outcomeOf(probe: LoadRun, packetThreads: () => Waits): Promise<Figures> {
  const before = packetThreads();
  const { probes } = await probe.report<{ readonly probes: Figures }>(seconds * 1000 + 30_000);
  const after = packetThreads();
  const waits = after.count - before.count;
  const meanUs = ((after.delayMs - before.delayMs) * 1000) / Math.max(1, waits);
  return { ...probes, packetThreads: { waits, meanUs: round3(meanUs) } };
}

/** Up: counted and dropped by nftables behind the server's TUN device. Down: by the client. */
async function flood({ lab, server }: Scene): Promise<Figures> {
  const rate = Number(values.rate ?? 200_000);
  const sessions = Number(values.sessions ?? 8);
  lab.server.nft(`table inet flood {
    chain sink {
      type filter hook prerouting priority raw
      udp dport ${FLOOD_PORT} counter drop
    }
  }`);
  const common = ['--sessions', `${sessions}`, '--seconds', `${seconds}`, '--buffer', '4194304'];
  const flood = [...['flood', channel, ...common], '--port', `${FLOOD_PORT}`];
  const figures: Record<string, unknown> = { sessions, offered: rate };
  const up = new LoadRun(lab, [...flood, '--packet-rate', `${rate}`, '--target', server.inside4]);
  await up.ready(60_000);
  const upBefore = cpuSecondsOf(server.program.pid);
  const watchedSeconds = seconds - 1; // ocserv's processes go with their sessions
  await sleep(watchedSeconds * 1000);
  const upSpent = cpuSecondsOf(server.program.pid) - upBefore;
  const sent = (await up.report<Flood>(seconds * 1000 + 30_000)).flood.sentPerSecond;
  const counted = /counter packets (\d+)/.exec(lab.server.run('nft', ['list', 'ruleset']))?.[1];
  figures['up'] = {
    ...{
      sentPerSecond: Math.round(sent),
      receivedPerSecond: Math.round(Number(counted) / seconds),
    },
    serverCores: round3(upSpent / watchedSeconds),
  };
  const down = new LoadRun(lab, [...flood, '--packet-rate', '0', '--target', server.inside4]);
  const { addresses } = await down.ready(60_000);
  const downBefore = cpuSecondsOf(server.program.pid);
  const source = lab.server.spawn(process.execPath, [
    ...[LOAD, 'source', '--to', addresses.join(','), '--port', `${FLOOD_PORT}`],
    ...['--packet-rate', `${rate}`, '--seconds', `${seconds - 1}`],
  ]);
  await source.waitForExit(seconds * 1000 + 30_000);
  const spent = cpuSecondsOf(server.program.pid) - downBefore;
  const offered = (JSON.parse(source.output) as { readonly perSecond: number }).perSecond;
  const got = (await down.report<Flood>(seconds * 1000 + 30_000)).flood.receivedPerSecond;
  figures['down'] = {
    sentPerSecond: Math.round(offered),
    receivedPerSecond: Math.round((got * seconds) / (seconds - 1)),
    serverCores: round3(spent / (seconds - 1)),
  };
  return figures;
}

interface Flood {
  readonly flood: { readonly sentPerSecond: number; readonly receivedPerSecond: number };
}

function memoryKib(server: Scene['server']): number {
  return processTree(server.program.pid).reduce((sum, pid) => sum + pssKibOf(pid), 0);
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
