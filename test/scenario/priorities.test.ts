import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LoadRun } from '../../bench/load/scene.ts';
import { Lab } from './harness/lab.ts';
import { threadsOf } from './harness/proc.ts';
import { Server } from './harness/server.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
/** What the server inherits from us. */
const usual = os.getPriority();
/** SCHED_OTHER and SCHED_FIFO. */
const SHARED = 0;
const FIFO = 1;
const BUILD = fileURLToPath(new URL('../../bench/build.mjs', import.meta.url));
/** Beyond what a worker can take. */
const FLOOD_RATE = '2000000';
const NOTICE = /packet thread may not be raised/;

test('the packet thread of every worker comes before all other threads', options, async () => {
  const lab = newLab();
  const server = await Server.start(lab);
  const workers = await server.workers();
  for (const pid of workers) {
    const threads = threadsOf(pid);
    assert.deepEqual(nicesOf(threads, isPackets), [usual]);
    assert.deepEqual(nicesOf(threads, isHandshakes), [usual]);
    assert.deepEqual(nicesOf(threads, isAnythingElse), [usual]);
    for (const { name, policy } of threads) {
      assert.equal(policy, name === 'wolf-packets' ? FIFO : SHARED, name);
    }
  }
  const { authPid } = await server.ask<'status'>({ command: 'status' });
  for (const pid of [server.program.pid, authPid ?? 0]) {
    assert.deepEqual(new Set(threadsOf(pid).map(({ nice }) => nice)), new Set([usual]));
  }
  assert.equal(server.log.filter(({ msg }) => NOTICE.test(String(msg))).length, 0);
});

test(
  'a packet thread that a flood keeps busy shares its core until it is over',
  options,
  async () => {
    const { status, stderr } = spawnSync(process.execPath, [BUILD], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const lab = newLab();
    const server = await Server.start(lab, { workers: { count: 1 } });
    const [worker = 0] = await server.workers();
    const packets = (): Thread | undefined => threadsOf(worker).find(isPackets);
    // Another session, with a little traffic, before, during and after: an idle thread asks nothing.
    const calm = new LoadRun(lab, [
      ...['hold', '--probe-rate', '20', '--target', server.inside4, '--seconds', '40'],
    ]);
    await calm.ready(20_000);
    await eventually('it is urgent', 2000, () => packets()?.policy === FIFO);
    const flood = new LoadRun(lab, [
      ...['flood', '--packet-rate', FLOOD_RATE, '--burst', '64', '--port', '5009'],
      ...['--target', server.inside4, '--seconds', '3'],
    ]);
    await eventually('it shares', 20_000, () => packets()?.policy === SHARED);
    assert.equal(packets()?.nice, usual);
    await flood.report(20_000);
    await eventually('it is urgent again', 2000, () => packets()?.policy === FIFO);
  },
);

test('where raising is refused, the others of the worker step back instead', options, async () => {
  const lab = newLab();
  const refuse = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice'];
  const server = await Server.start(lab, {}, undefined, refuse);
  const workers = await server.workers();
  const behind = Math.min(usual + 10, 19);
  for (const pid of workers) {
    const threads = threadsOf(pid);
    assert.deepEqual(nicesOf(threads, isPackets), [usual]);
    for (const { name, policy } of threads) assert.equal(policy, SHARED, name);
    assert.deepEqual(nicesOf(threads, isHandshakes), [behind]);
    assert.deepEqual(nicesOf(threads, isAnythingElse), [behind]);
  }
  const notices = server.log.filter(({ msg }) => NOTICE.test(String(msg)));
  assert.equal(notices.length, workers.length);
  for (const { level } of notices) assert.equal(level, 30);
});

function newLab(): Lab {
  const lab = new Lab();
  after(() => lab.close());
  return lab;
}

type Thread = ReturnType<typeof threadsOf>[number];

const isPackets = ({ name }: Thread): boolean => name === 'wolf-packets';
const isHandshakes = ({ name }: Thread): boolean => name === 'wolf-tls';
const isAnythingElse = (thread: Thread): boolean => !isPackets(thread) && !isHandshakes(thread);

/** Each value once. */
const nicesOf = (threads: readonly Thread[], which: (thread: Thread) => boolean): number[] => [
  ...new Set(threads.filter(which).map(({ nice }) => nice)),
];
