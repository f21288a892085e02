// What a second worker costs, and whether the work is shared: 40 busy clients, one worker, then two.
import assert from 'node:assert/strict';
import { addSources } from '../load/scene.ts';
import type { Bench, Outcome } from '../measurements.ts';
import { checkSessions, checkWarnings } from '../checks.ts';
import { connect } from './bulk.ts';
import { DIRECTIONS, Iperf, type BulkCost, type Direction } from './iperf.ts';

const CLIENTS = 40;
/** Steering looks at the client's outside address as well as at its port. */
const SOURCES = 4;

/** Forty streams take seconds to share a path: shorter runs lay apart by a factor of two. */
const LEAST_SECONDS = 10;

export async function twoWorkers(bench: Bench): Promise<Outcome> {
  const seconds = bench.quick ? bench.seconds : Math.max(bench.seconds, LEAST_SECONDS);
  const one = await run(bench, seconds, 1);
  const two = await run(bench, seconds, 2);
  const figures: Record<string, number> = {};
  for (const direction of DIRECTIONS) {
    const cpu = two[direction].watched;
    figures[`${direction}One`] = one[direction].server;
    figures[`${direction}Two`] = two[direction].server;
    figures[`${direction}Ratio`] = two[direction].server / one[direction].server;
    figures[`${direction}Share`] = (100 * Math.max(...cpu)) / cpu.reduce((sum, n) => sum + n, 0);
  }
  return { figures };
}

async function run(
  bench: Bench,
  seconds: number,
  workers: number,
): Promise<Record<Direction, BulkCost>> {
  const scene = await bench.open({ workers });
  const sources = ['--sources', addSources(scene.lab, SOURCES).join(',')];
  const { run, addresses } = await connect(scene, 'dtls', CLIENTS, sources);
  const pids = await scene.workers();
  assert.equal(pids.length, workers, `the server has ${pids.length} of ${workers} workers`);
  const iperf = await Iperf.start(scene, addresses);
  const costs = {
    down: await iperf.run('down', seconds, run.program, pids),
    up: await iperf.run('up', seconds, run.program, pids),
  };
  checkSessions(await scene.sessions(), CLIENTS, 'dtls');
  checkWarnings(scene.warnings());
  await scene.close();
  return costs;
}
