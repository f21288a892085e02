import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lane } from '../../../../server/hooks/lane.ts';

test('at most so many jobs run at a time, and the others follow in their order', async () => {
  const lane = new Lane({ running: 2 });
  const began: number[] = [];
  const jobs = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const results = jobs.map(({ promise }, number) =>
    lane.run(() => {
      began.push(number);
      return promise;
    }),
  );
  await settle();
  assert.deepEqual(began, [0, 1]);
  jobs[1]?.resolve(1);
  await settle();
  assert.deepEqual(began, [0, 1, 2]);
  for (const [number, job] of jobs.entries()) job.resolve(number);
  assert.deepEqual(await Promise.all(results), [0, 1, 2, 3, 4]);
  assert.deepEqual(began, [0, 1, 2, 3, 4]);
  assert.equal(await lane.run(() => Promise.resolve('again')), 'again');
});

test('who finds too many waiting, or waits for too long, is turned away', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lane = new Lane({ running: 1, patience: { waiting: 1, waitMs: 100 } });
  const first = Promise.withResolvers<string>();
  const running = lane.run(() => first.promise);
  const waiting = lane.run(() => Promise.resolve('late'));
  assert.equal(await lane.run(() => Promise.resolve('one too many')), undefined);
  t.mock.timers.tick(100);
  assert.equal(await waiting, undefined);
  first.resolve('first');
  assert.equal(await running, 'first');
  assert.equal(await lane.run(() => Promise.resolve('next')), 'next');
});

test('a job that throws gives its place back', async () => {
  const lane = new Lane({ running: 1 });
  await assert.rejects(lane.run(() => Promise.reject(new Error('a bug'))));
  assert.equal(await lane.run(() => Promise.resolve('next')), 'next');
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
