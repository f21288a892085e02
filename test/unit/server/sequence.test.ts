import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sequence } from '../../../server/sequence.ts';

test('stopping takes the steps back in reverse order, once', async () => {
  const log: string[] = [];
  const sequence = sequenceThatLogs(log);
  for (const name of ['a', 'b', 'c']) await add(sequence, name, log);
  await Promise.all([sequence.stop(), sequence.stop()]);
  await sequence.stop();
  assert.deepEqual(log, ['a?', '+a', 'b?', '+b', 'c?', '+c', '-c', '-b', '-a']);
});

test('a step hands on what it made, to its own undo too', async () => {
  const undone: number[] = [];
  const sequence = sequenceThatLogs([]);
  const made = await sequence.step(
    'seven',
    () => Promise.resolve(7),
    (value) => void undone.push(value),
  );
  await sequence.stop();
  assert.deepEqual([made, undone], [7, [7]]);
});

test('a step that fails is not undone, those before it are', async () => {
  const log: string[] = [];
  const sequence = sequenceThatLogs(log);
  await add(sequence, 'a', log);
  const broken = sequence.step(
    'broken',
    () => Promise.reject(new Error('port taken')),
    () => void log.push('-broken'),
  );
  await assert.rejects(broken, /port taken/);
  await sequence.stop();
  assert.deepEqual(log, ['a?', '+a', 'broken?', '-a']);
});

test('an undo that fails is told and does not keep the others from running', async () => {
  const log: string[] = [];
  const sequence = sequenceThatLogs(log);
  await add(sequence, 'a', log);
  await sequence.step(
    'stubborn',
    () => undefined,
    () => Promise.reject(new Error('busy')),
  );
  await add(sequence, 'c', log);
  await sequence.stop();
  assert.deepEqual(log.slice(-3), ['-c', 'stubborn: busy', '-a']);
});

test('a start can be interrupted between two steps', async () => {
  const sequence = new Sequence({
    beforeStep: () => {
      throw new Error('interrupted');
    },
    undoFailed: () => assert.fail(),
  });
  await assert.rejects(
    sequence.step('never', () => assert.fail('it ran')),
    /interrupted/,
  );
});

const sequenceThatLogs = (log: string[]): Sequence =>
  new Sequence({
    beforeStep: (name) => void log.push(`${name}?`),
    undoFailed: (name, error) => void log.push(`${name}: ${(error as Error).message}`),
  });

const add = (sequence: Sequence, name: string, log: string[]): Promise<number> =>
  sequence.step(
    name,
    () => log.push(`+${name}`),
    () => void log.push(`-${name}`),
  );
