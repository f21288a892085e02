import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKnownSum, LEVELS, NAMED_SUMS } from '../../core/metrics/sums.ts';
import { EngineRig } from './harness/engine_rig.ts';

test('the engine counts under the names that the page knows, and under all of them', async () => {
  using rig = await EngineRig.create();
  const { sums, levels } = rig.engine.measure();
  assert.deepEqual(
    Object.keys(sums).filter((name) => !isKnownSum(name)),
    [],
  );
  const ofTheEngine = NAMED_SUMS.map(({ name }) => name).filter(
    (name) => !name.startsWith('auth.'),
  );
  assert.deepEqual(
    ofTheEngine.filter((name) => !(name in sums)),
    [],
  );
  const known: readonly string[] = LEVELS;
  assert.deepEqual(
    Object.keys(levels).filter((name) => !known.includes(name)),
    [],
  );
  assert.ok(Object.values(sums).every((value) => value === 0));
});
