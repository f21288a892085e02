import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { threadName, Urgency } from '../../../server/urgency.ts';

test('a packet thread of the worker that asks becomes urgent', () => {
  const { urgency, made } = build();
  urgency.grant(0, 101);
  assert.deepEqual(made, [101]);
});

test('no other thread does, be it of this worker, of another or of nobody', () => {
  const { urgency, made } = build();
  for (const thread of [102, 201, 0, -1, 1.5]) urgency.grant(0, thread);
  urgency.grant(0, '101' as unknown as number);
  urgency.grant(2, 101);
  assert.deepEqual(made, []);
});

test('where the kernel refuses, nothing happens', () => {
  const { urgency, made } = build(() => {
    throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  });
  urgency.grant(0, 101);
  assert.deepEqual(made, []);
});

test('the name of a thread is what the kernel says, and nobody’s is undefined', () => {
  assert.ok(threadName(process.pid, process.pid));
  assert.equal(threadName(process.pid, 0), undefined);
});

const PIDS = [100, 200];
const THREADS: Readonly<Record<string, string>> = {
  '100/101': 'wolf-packets',
  '100/102': 'wolf-tls',
  '200/201': 'wolf-packets',
};

function build(refuse = (): void => undefined): { urgency: Urgency; made: number[] } {
  const made: number[] = [];
  const urgency = new Urgency({
    system: {
      makeUrgent: (thread) => {
        refuse();
        made.push(thread);
      },
    },
    workerPid: (worker) => PIDS[worker] ?? null,
    threadName: (pid, thread) => THREADS[`${pid}/${thread}`],
    logger: pino({ level: 'silent' }),
  });
  return { urgency, made };
}
