// 64-byte packets through DTLS on one worker. Up: counted and dropped by nftables behind the
// server's TUN device. Down: from the load client's `source` at the server, counted by the client.
import assert from 'node:assert/strict';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { checkFailures, checkSessions, checkWarnings } from '../checks.ts';
import { LoadRun } from '../load/scene.ts';
import type { Bench, Outcome } from '../measurements.ts';
import type { Scene } from '../scene.ts';

const LOAD = fileURLToPath(new URL('../load.ts', import.meta.url));
const PORT = 5009;
/** Of the flood's packets: IPv4, UDP; and what is left of 64. */
const HEADER_BYTES = 28;
const PAYLOAD_BYTES = 36;
const SESSIONS = 8;
/** Above what the row aims at, so that the server and not the offer is the limit. */
const OFFERED_PER_SECOND = 400_000;
/** Packets that a sender inside hands to its kernel at once, as QUIC servers do. */
const TRAIN = 32;
const BUFFER_BYTES = 4 << 20;
/** ocserv's processes go with their sessions: their CPU is read a little before. */
const BEFORE_THE_END_SECONDS = 1;
const PATIENCE_MS = 60_000;

interface Report {
  readonly failures: Readonly<Record<string, number>>;
  readonly stillUp: number;
  readonly stillUpByDtls: number;
  readonly heldSeconds: number;
  readonly flood: { readonly sentPerSecond: number; readonly receivedPerSecond: number };
}

export async function packets({ open, seconds }: Bench): Promise<Outcome> {
  const scene = await open({ workers: 1 });
  const up = await goingUp(scene, seconds + BEFORE_THE_END_SECONDS);
  const down = await goingDown(scene, seconds, 1, 'down');
  const trains = await goingDown(scene, seconds, TRAIN, 'downTrains');
  checkWarnings(scene.warnings());
  return { figures: { ...down, ...trains, ...up } };
}

async function goingUp(scene: Scene, seconds: number): Promise<Outcome['figures']> {
  scene.lab.server.nft(`table inet flood {
    chain sink {
      type filter hook prerouting priority raw
      udp dport ${PORT} counter drop
    }
  }`);
  const run = await flood(scene, seconds, OFFERED_PER_SECOND);
  const before = scene.cpuSeconds();
  const watchedSeconds = seconds - BEFORE_THE_END_SECONDS;
  await sleep(watchedSeconds * 1000);
  const spent = scene.cpuSeconds() - before;
  const report = await reportOf(run, seconds);
  const rules = scene.lab.server.run('nft', ['list', 'table', 'inet', 'flood']);
  return {
    up: packetsCounted(rules) / report.heldSeconds / 1000,
    upOffered: report.flood.sentPerSecond / 1000,
    upServerCores: spent / watchedSeconds,
  };
}

/** A super-packet counts as one, with its headers once: the bytes tell. */
function packetsCounted(rules: string): number {
  const [, packets, bytes] = /counter packets (\d+) bytes (\d+)/.exec(rules) ?? [];
  return (Number(bytes) - HEADER_BYTES * Number(packets)) / PAYLOAD_BYTES;
}

async function goingDown(
  scene: Scene,
  seconds: number,
  train: number,
  figure: string,
): Promise<Outcome['figures']> {
  // The client's own packets would be in the way: it only counts.
  const run = await flood(scene, seconds + PATIENCE_MS / 1000, 0);
  const { addresses } = await run.ready(PATIENCE_MS);
  const before = scene.cpuSeconds();
  const source = scene.lab.server.spawn(process.execPath, [
    ...[LOAD, 'source', '--to', addresses.join(','), '--port', `${PORT}`],
    ...['--packet-rate', `${OFFERED_PER_SECOND}`, '--seconds', `${seconds}`],
    ...['--train', `${train}`],
  ]);
  await source.waitForExit(seconds * 1000 + PATIENCE_MS);
  const spent = scene.cpuSeconds() - before;
  const { perSecond } = JSON.parse(source.output) as { readonly perSecond: number };
  run.program.signal('SIGINT');
  const report = await reportOf(run, seconds);
  return {
    [figure]: (report.flood.receivedPerSecond * report.heldSeconds) / seconds / 1000,
    [`${figure}Offered`]: perSecond / 1000,
    [`${figure}ServerCores`]: spent / seconds,
  };
}

async function flood(scene: Scene, seconds: number, perSecond: number): Promise<LoadRun> {
  const run = new LoadRun(scene.lab, [
    ...['flood', '--dtls', '--sessions', `${SESSIONS}`, '--seconds', `${seconds}`],
    ...['--buffer', `${BUFFER_BYTES}`, '--packet-rate', `${perSecond}`],
    ...['--port', `${PORT}`, '--target', scene.inside4],
  ]);
  await run.ready(PATIENCE_MS);
  checkSessions(await scene.sessions(), SESSIONS, 'dtls');
  return run;
}

async function reportOf(run: LoadRun, seconds: number): Promise<Report> {
  const report = await run.report<Report>(seconds * 1000 + PATIENCE_MS);
  checkFailures(report.failures);
  assert.equal(report.stillUp, SESSIONS, `${report.stillUp} of ${SESSIONS} sessions stayed up`);
  return report;
}
