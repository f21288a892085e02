// What "wolfctl top" costs the server: CPU of all its processes while nobody looks, and while
// somebody does, with a listing each second. The sessions are idle.
//
//   node bench/top.ts [SESSIONS]      (as root; 10,000 if left out)
//
// Needs "node build/native.mjs" and "node bench/build.mjs".
import { spawn } from 'node:child_process';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { cpuSecondsOf } from '../test/scenario/harness/proc.ts';
import { Server, WOLFCTL } from '../test/scenario/harness/server.ts';
import { Fleet } from './load/fleet.ts';
import { addSources } from './load/scene.ts';

const sessions = Number(process.argv[2] ?? 10_000);
/** Long enough that a collection of garbage more or less does not matter. */
const LOOKED_AT_SECONDS = 20;
const STATUSES = 10;
const CLIENTS = 2;
const SLOWEST_LOGINS_PER_SECOND = 50;
const CHEAP_HASH = fileURLToPath(new URL('load/cheap_hash.mjs', import.meta.url));

const lab = new Lab();
try {
  console.log(JSON.stringify(await measure(), undefined, 2));
} finally {
  await lab.close();
}

async function measure(): Promise<Readonly<Record<string, number>>> {
  for (const host of [lab.server, lab.client]) {
    host.run('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=10000 65000']);
  }
  process.env['NODE_OPTIONS'] = `--import ${CHEAP_HASH}`;
  const server = await Server.start(
    lab,
    { policy: { dpd: '300s' }, ban: { max_score: 0 }, log: { level: 'warn' } },
    [ALICE],
  );
  delete process.env['NODE_OPTIONS'];
  const fleet = new Fleet(lab, {
    ...{ sessions, clients: CLIENTS, sources: addSources(lab, 4 * CLIENTS), parallel: 64 },
    ...{ probeSessions: 1, target: server.inside4 },
  });
  const connected = await fleet.ready(60_000 + (sessions / SLOWEST_LOGINS_PER_SECOND) * 1000);

  const root = server.program.pid;
  const idleFrom = cpuSecondsOf(root);
  await sleep(LOOKED_AT_SECONDS * 1000);
  const idle = cpuSecondsOf(root) - idleFrom;

  const lookedFrom = cpuSecondsOf(root);
  const began = performance.now();
  const top = await cpuOfTop(server);
  const seconds = (performance.now() - began) / 1000;
  const looked = cpuSecondsOf(root) - lookedFrom;
  const statusFrom = cpuSecondsOf(root);
  for (let asked = 0; asked < STATUSES; asked++) await server.ask({ command: 'status' });
  const status = cpuSecondsOf(root) - statusFrom;
  await fleet.end(120_000);
  return {
    sessions: connected,
    listings: LOOKED_AT_SECONDS + 1,
    seconds: round(seconds),
    idleServerCpuMsPerSecond: round((idle * 1000) / LOOKED_AT_SECONDS),
    serverCpuMsPerListing: round(
      ((looked - (idle / LOOKED_AT_SECONDS) * seconds) * 1000) / (LOOKED_AT_SECONDS + 1),
    ),
    serverCpuMsPerStatus: round((status * 1000) / STATUSES),
    topCpuMsPerListing: round((top * 1000) / (LOOKED_AT_SECONDS + 1)),
  };
}

/** Seconds of CPU that wolfctl used for its tables. */
async function cpuOfTop(server: Server): Promise<number> {
  const args = [WOLFCTL, '--socket', server.socket, 'top', '--batch', String(LOOKED_AT_SECONDS)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let used = 0;
  const watch = setInterval(() => (used = Math.max(used, cpuSecondsOf(child.pid ?? 0))), 100);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  return used;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
