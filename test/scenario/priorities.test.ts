import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { after, test } from 'node:test';
import { Lab } from './harness/lab.ts';
import { threadsOf } from './harness/proc.ts';
import { Server } from './harness/server.ts';

const options = { timeout: 60_000 };
/** What the server inherits from us. */
const usual = os.getPriority();
const NOTICE = /packet thread may not be raised/;

test('the packet thread of every worker comes before all other threads', options, async () => {
  const lab = newLab();
  const server = await Server.start(lab);
  const workers = await server.workers();
  for (const pid of workers) {
    const threads = threadsOf(pid);
    assert.deepEqual(nicesOf(threads, isPackets), [Math.max(usual - 10, -20)]);
    assert.deepEqual(nicesOf(threads, isHandshakes), [usual]);
    assert.deepEqual(nicesOf(threads, isAnythingElse), [usual]);
    // Between sessions of their own, nice values count only by the nice value of the session.
    const group = `/proc/${pid}/autogroup`;
    if (existsSync(group)) assert.match(readFileSync(group, 'utf8'), /nice -10$/m);
  }
  const { authPid } = await server.ask<'status'>({ command: 'status' });
  for (const pid of [server.program.pid, authPid ?? 0]) {
    assert.deepEqual(new Set(threadsOf(pid).map(({ nice }) => nice)), new Set([usual]));
  }
  assert.equal(server.log.filter(({ msg }) => NOTICE.test(String(msg))).length, 0);
});

test('where raising is refused, the others of the worker step back instead', options, async () => {
  const lab = newLab();
  const refuse = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice'];
  const server = await Server.start(lab, {}, undefined, refuse);
  const workers = await server.workers();
  const behind = Math.min(usual + 10, 19);
  for (const pid of workers) {
    const threads = threadsOf(pid);
    assert.deepEqual(nicesOf(threads, isPackets), [usual]);
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
