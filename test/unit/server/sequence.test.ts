import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInOrder } from '../../../server/sequence.ts';
import type { Step } from '../../../server/sequence.ts';

test('stopping takes the steps back in reverse order, once', async () => {
  const log: string[] = [];
  const running = await startInOrder([step('a', log), step('b', log), step('c', log)], fail);
  await Promise.all([running.stop(), running.stop()]);
  await running.stop();
  assert.deepEqual(log, ['+a', '+b', '+c', '-c', '-b', '-a']);
});

test('a step that fails takes back those before it and keeps its own error', async () => {
  const log: string[] = [];
  const broken: Step = {
    name: 'broken',
    start: () => {
      throw new Error('port taken');
    },
  };
  await assert.rejects(
    startInOrder([step('a', log), step('b', log), broken, step('c', log)], fail),
    /port taken/,
  );
  assert.deepEqual(log, ['+a', '+b', '-b', '-a']);
});

test('an undo that fails is told and does not keep the others from running', async () => {
  const log: string[] = [];
  const stubborn: Step = { name: 'stubborn', start: () => () => Promise.reject(new Error('busy')) };
  const running = await startInOrder([step('a', log), stubborn, step('c', log)], (name, error) =>
    log.push(`${name}: ${(error as Error).message}`),
  );
  await running.stop();
  assert.deepEqual(log, ['+a', '+c', '-c', 'stubborn: busy', '-a']);
});

const fail = (name: string): never => assert.fail(`${name} could not be undone`);

const step = (name: string, log: string[]): Step => ({
  name,
  start: async () => {
    await Promise.resolve();
    log.push(`+${name}`);
    return () => void log.push(`-${name}`);
  },
});
