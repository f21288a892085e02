import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { CheckQueue, laneOf } from '../../../../server/auth/check_queue.ts';

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

test('names take turns, and all suspects together are one more', async () => {
  const queue = new CheckQueue({ running: 1, waiting: 100 });
  const order: string[] = [];
  const gate = Promise.withResolvers<undefined>();
  const first = queue.run(NEVER, () => gate.promise, 'x');
  const rest = ['a', 'a', 'a', '!', '!', 'b', 'a', '!', 'c', 'b'].map((name) =>
    queue.run(
      NEVER,
      () => {
        order.push(name);
        return setImmediate();
      },
      laneOf({ user: name, suspect: name === '!' }),
    ),
  );
  gate.resolve(undefined);
  await Promise.all([first, ...rest]);
  assert.equal(order.join(''), 'a!bc' + 'a!b' + 'a!' + 'a');
});

test('a lane whose only check was given up is no lane any more', async () => {
  const queue = new CheckQueue({ running: 1, waiting: 2 });
  const gate = Promise.withResolvers<undefined>();
  const first = queue.run(NEVER, () => gate.promise, 'x');
  const controller = new AbortController();
  const left = queue.run(controller.signal, () => Promise.resolve(1), 'a');
  const stays = queue.run(NEVER, () => Promise.resolve(2), 'b');
  controller.abort();
  gate.resolve(undefined);
  assert.deepEqual(await left, { kind: 'aborted' });
  assert.deepEqual(await stays, { kind: 'done', value: 2 });
  assert.equal((await first).kind, 'done');
});
