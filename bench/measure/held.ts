// Idle sessions with DTLS up: what each costs in memory, and all of them in CPU.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkFailures, checkSessions } from '../checks.ts';
import { addSources, LoadRun } from '../load/scene.ts';
import type { Bench, Outcome } from '../measurements.ts';
import type { Scene } from '../scene.ts';

const SESSIONS = 10_000;
/** 870 KiB each, and a process: the machine would not hold more beside the clients. */
const SESSIONS_OF_OCSERV = 500;
const QUICK = { wolfguard: 2000, ocserv: 100 } as const;
/** Two descriptors a session, and where the hard limit is 20,000 a process holds 9,900. */
const SESSIONS_PER_CLIENT = 5000;
const SOURCES = 16;
/** 10,000 logins on a slow machine. */
const CONNECT_TIMEOUT_MS = 600_000;
/** Longer than the DPD intervals (ocserv 60 s, wolfguard 90 s): each session has been asked. */
const WATCHED_SECONDS = 100;
/** What logins leave behind is freed, and the last answers are out. */
const SETTLE_MS = 3000;

export async function held({ open, quick, seconds, server }: Bench): Promise<Outcome> {
  const all = server === 'ocserv' ? SESSIONS_OF_OCSERV : SESSIONS;
  const count = quick ? QUICK[server] : all;
  const scene = await open({ cheapPasswords: true });
  const sources = addSources(scene.lab, SOURCES).join(',');
  const emptyKib = scene.memoryKib();
  const runs = await connectAll(scene, count, sources);
  await sleep(SETTLE_MS);
  const heldKib = scene.memoryKib();
  const before = scene.cpuSeconds();
  const since = performance.now();
  await sleep((quick ? 2 * seconds : WATCHED_SECONDS) * 1000);
  const cores = (scene.cpuSeconds() - before) / ((performance.now() - since) / 1000);
  checkSessions(await scene.sessions(), count, 'dtls');
  for (const run of runs) run.program.signal('SIGINT');
  for (const run of runs) await checkRun(run);
  const kibPerSession = (heldKib - emptyKib) / count;
  return {
    figures: { kibPerSession, idleCpuPercent: cores * 100, sessions: count, emptyKib },
    ...(count === SESSIONS ? {} : { instead: `${count.toLocaleString('en')} sessions` }),
  };
}

/** One client after the other. */
async function connectAll(scene: Scene, count: number, sources: string): Promise<LoadRun[]> {
  const runs: LoadRun[] = [];
  for (let left = count; left > 0; left -= SESSIONS_PER_CLIENT) {
    const sessions = Math.min(left, SESSIONS_PER_CLIENT);
    const run = new LoadRun(scene.lab, [
      ...['hold', '--dtls', '--sessions', `${sessions}`, '--parallel', '32'],
      ...['--sources', sources, '--seconds', '3600', '--target', scene.inside4],
    ]);
    runs.push(run);
    const { connected } = await run.ready(CONNECT_TIMEOUT_MS);
    assert.equal(connected, sessions, `${connected} of ${sessions} sessions came up`);
  }
  return runs;
}

async function checkRun(run: LoadRun): Promise<void> {
  const { failures } = await run.report<{
    readonly failures: Readonly<Record<string, number>>;
  }>(120_000);
  checkFailures(failures);
}
