// What one idle session feels of others: the p99 of its probes, 100 a second, beside a storm of
// logins, and beside JavaScript that never rests; less the p99 of the same probes alone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../../test/scenario/harness/proc.ts';
import { checkFailures, checkSessions } from '../checks.ts';
import { addSources, LoadRun } from '../load/scene.ts';
import type { Bench, Outcome } from '../measurements.ts';
import type { Scene } from '../scene.ts';

const PROBES_PER_SECOND = 100;
const LOGINS_PER_SECOND = 200;
/** Fewer logins than that share of those wanted, and the table says how many there were. */
const ENOUGH = 0.95;
const WARM_UP_SECONDS = 2;
/** How long the storm blows before the probes and after them. */
const AROUND_MS = 1500;
/** Of a core that busy JavaScript takes at least, even where cores are scarce. */
const BUSY_CORES = 0.5;
const LEAST_ANSWERED = 0.99;
const PATIENCE_MS = 60_000;

interface Probes {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export async function crowd({ open, seconds }: Bench): Promise<Outcome> {
  const scene = await open({ cheapPasswords: true });
  const sources = addSources(scene.lab, 4).join(',');
  const storm = (rate: number, lasting: number): LoadRun =>
    new LoadRun(scene.lab, [
      ...['storm', '--sources', sources, '--rate', `${rate}`, '--seconds', `${lasting}`],
    ]);
  await storm(LOGINS_PER_SECOND, WARM_UP_SECONDS).report(PATIENCE_MS);
  const alone = await probeAlone(scene, seconds);
  const others = storm(LOGINS_PER_SECOND, seconds + (2 * AROUND_MS) / 1000);
  await sleep(AROUND_MS);
  const crowded = await probe(scene, seconds);
  const report = await others.report<Storm>(PATIENCE_MS);
  checkFailures(report.failures);
  const rate = report.logins.perSecond;
  return {
    figures: { ...compare(alone, crowded), loginsPerSecond: rate },
    ...(rate < ENOUGH * LOGINS_PER_SECOND ? { instead: `${Math.round(rate)} logins/s` } : {}),
  };
}

interface Storm {
  readonly failures: Readonly<Record<string, number>>;
  readonly logins: { readonly perSecond: number };
}

/** One worker, so that its JavaScript and its packets may have a core each on two cores. */
export async function busy({ open, seconds }: Bench): Promise<Outcome> {
  const quiet = await open({ workers: 1 });
  const alone = await probeAlone(quiet, seconds);
  await quiet.close();
  const scene = await open({ workers: 1, busyJavaScript: true });
  const [worker = 0] = await scene.workers();
  await sleep(AROUND_MS);
  const before = readStat(worker)?.cpuSeconds ?? 0;
  const since = performance.now();
  const beside = await probe(scene, seconds);
  const lasted = (performance.now() - since) / 1000;
  const cores = ((readStat(worker)?.cpuSeconds ?? 0) - before) / lasted;
  assert.ok(cores >= BUSY_CORES, `JavaScript was not busy: ${cores.toFixed(2)} of a core`);
  return { figures: { ...compare(alone, beside), workerCores: cores } };
}

/** The server has the time to be asked about the session then. */
async function probeAlone(scene: Scene, seconds: number): Promise<Probes> {
  const run = await startProbes(scene, seconds);
  checkSessions(await scene.sessions(), 1, 'dtls');
  return probesOf(run);
}

async function probe(scene: Scene, seconds: number): Promise<Probes> {
  return probesOf(await startProbes(scene, seconds));
}

/**
 * One session of its own, held for that time. Elsewhere the client would have cores of its own:
 * here it goes before all others, so that what it waits for a core is not booked on the server.
 */
async function startProbes(scene: Scene, seconds: number): Promise<LoadRun> {
  const run = new LoadRun(scene.lab, [
    ...['hold', '--dtls', '--probe-rate', `${PROBES_PER_SECOND}`, '--target', scene.inside4],
    ...['--seconds', `${seconds}`],
  ]);
  await run.ready(PATIENCE_MS);
  execFileSync('chrt', ['--all-tasks', '--fifo', '--pid', '1', `${run.program.pid}`]);
  return run;
}

async function probesOf(run: LoadRun): Promise<Probes> {
  const { stillUpByDtls, probes, failures } = await run.report<Hold>(PATIENCE_MS);
  checkFailures(failures);
  assert.equal(stillUpByDtls, 1, 'the session that is probed has no DTLS');
  const { count, p50, p99 } = probes.roundTripUs;
  const answered = `${count} of ${probes.sent} probes were answered`;
  assert.ok(probes.sent > 0 && count >= LEAST_ANSWERED * probes.sent, answered);
  return { p50: p50 / 1000, p99: p99 / 1000 };
}

interface Hold {
  readonly stillUpByDtls: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly probes: {
    readonly sent: number;
    readonly roundTripUs: { readonly count: number; readonly p50: number; readonly p99: number };
  };
}

const compare = (alone: Probes, beside: Probes): Record<string, number> => ({
  p50: beside.p50 - alone.p50,
  p99: beside.p99 - alone.p99,
  aloneP50: alone.p50,
  aloneP99: alone.p99,
});
