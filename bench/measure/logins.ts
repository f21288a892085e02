// Full logins (TLS, forms, CONNECT, DTLS, logout) with a password check that costs next to nothing.
import assert from 'node:assert/strict';
import { checkFailures } from '../checks.ts';
import { addSources, LoadRun } from '../load/scene.ts';
import type { Bench, Outcome } from '../measurements.ts';
import type { Scene } from '../scene.ts';

const SOURCES = 4;
const PARALLEL = 32;
/** The first logins renew the hash and warm the server up. */
const WARM_UP_SECONDS = 1;
const PATIENCE_MS = 60_000;

interface Storm {
  readonly logins: { readonly completed: number; readonly perSecond: number };
  readonly failures: Readonly<Record<string, number>>;
  readonly dtlsMs: { readonly count: number };
}

export async function logins({ open, seconds, server }: Bench): Promise<Outcome> {
  const scene = await open({ cheapPasswords: true });
  const sources = addSources(scene.lab, SOURCES).join(',');
  await storm(scene, sources, PARALLEL, WARM_UP_SECONDS);
  const sequential = await storm(scene, sources, 1, seconds);
  const before = scene.cpuSeconds();
  const parallel = await storm(scene, sources, PARALLEL, seconds);
  const spent = scene.cpuSeconds() - before;
  return {
    figures: {
      sequential: sequential.logins.perSecond,
      parallel: parallel.logins.perSecond,
      // ocserv's processes, and their CPU, are gone with their sessions.
      ...(server === 'wolfguard'
        ? { cpuMsPerLogin: (spent * 1000) / parallel.logins.completed }
        : {}),
    },
  };
}

async function storm(
  scene: Scene,
  sources: string,
  parallel: number,
  seconds: number,
): Promise<Storm> {
  const run = new LoadRun(scene.lab, [
    ...['storm', '--dtls', '--parallel', `${parallel}`, '--sources', sources],
    ...['--seconds', `${seconds}`],
  ]);
  const report = await run.report<Storm>(seconds * 1000 + PATIENCE_MS);
  checkFailures(report.failures);
  const { completed } = report.logins;
  assert.ok(completed > 0 && report.dtlsMs.count >= completed, 'logins without DTLS');
  return report;
}
