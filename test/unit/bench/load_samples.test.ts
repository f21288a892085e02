import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distribution } from '../../../bench/load/samples.ts';

test('percentiles are values that were measured', () => {
  const samples = Array.from({ length: 200 }, (_, n) => 200 - n);
  assert.deepEqual(distribution(samples), { count: 200, p50: 100, p90: 180, p99: 198, max: 200 });
});

test('one sample is all percentiles, none is zero', () => {
  assert.deepEqual(distribution([7]), { count: 1, p50: 7, p90: 7, p99: 7, max: 7 });
  assert.deepEqual(distribution([]), { count: 0, p50: 0, p90: 0, p99: 0, max: 0 });
});
