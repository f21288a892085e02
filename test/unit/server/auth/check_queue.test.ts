import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { CheckQueue } from '../../../../server/auth/check_queue.ts';

const NEVER = new AbortController().signal;

test('a thousand checks run a few at a time, in order, and all get their own result', async () => {
  const queue = new CheckQueue({ running: 3, waiting: 1000 });
  const began: number[] = [];
  let running = 0;
  let most = 0;
  const check = async (i: number): Promise<number> => {
    began.push(i);
    running += 1;
    most = Math.max(most, running);
    await setImmediate();
    running -= 1;
    return i * 2;
  };
  const results = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => queue.run(NEVER, () => check(i))),
  );
  results.forEach((result, i) => assert.deepEqual(result, { kind: 'done', value: i * 2 }));
  assert.equal(most, 3);
  assert.deepEqual(
    began,
    began.toSorted((a, b) => a - b),
  );
});

test('one too many is told so at once and the others are served', async () => {
  const queue = new CheckQueue({ running: 1, waiting: 2 });
  const gate = Promise.withResolvers<string>();
  const served = [1, 2, 3].map(() => queue.run(NEVER, () => gate.promise));
  assert.deepEqual(await queue.run(NEVER, () => gate.promise), { kind: 'full' });
  gate.resolve('x');
  for (const result of await Promise.all(served)) assert.equal(result.kind, 'done');
});

test('a check whose caller left while it waited never runs and frees its place', async () => {
  const queue = new CheckQueue({ running: 1, waiting: 1 });
  const gate = Promise.withResolvers<string>();
  const first = queue.run(NEVER, () => gate.promise);
  const controller = new AbortController();
  let ran = false;
  const left = queue.run(controller.signal, () => {
    ran = true;
    return Promise.resolve('x');
  });
  controller.abort();
  assert.deepEqual(await left, { kind: 'aborted' });
  const third = queue.run(NEVER, () => Promise.resolve('y'));
  gate.resolve('x');
  assert.equal((await first).kind, 'done');
  assert.deepEqual(await third, { kind: 'done', value: 'y' });
  assert.equal(ran, false);
});

test('a check that throws frees its place', async () => {
  const queue = new CheckQueue({ running: 1, waiting: 1 });
  await assert.rejects(
    queue.run(NEVER, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal((await queue.run(NEVER, () => Promise.resolve(1))).kind, 'done');
});
