import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Readiness } from '../../../server/readiness.ts';
import type { ReadinessState } from '../../../server/readiness.ts';

test('a server takes logins from its start on, but for a drain, until it stops', () => {
  const readiness = new Readiness();
  const seen: (readonly [ReadinessState, boolean])[] = [];
  readiness.onChange(({ state, ready }) => seen.push([state, ready]));

  assert.equal(readiness.state, 'starting');
  assert.equal(readiness.ready, false);
  readiness.setReady();
  readiness.setDraining(5_000);
  readiness.setReady();
  readiness.setStopping();

  assert.deepEqual(seen, [
    ['ready', true],
    ['draining', false],
    ['ready', true],
    ['stopping', false],
  ]);
});

test('the end of a drain is known while it lasts, and may be moved', () => {
  const readiness = new Readiness();
  readiness.setReady();
  assert.equal(readiness.drainsUntil, null);
  readiness.setDraining(5_000);
  assert.equal(readiness.drainsUntil, 5_000);
  readiness.setDraining(9_000);
  assert.equal(readiness.drainsUntil, 9_000);
  readiness.setReady();
  assert.equal(readiness.drainsUntil, null);
});

test('nothing leads back from stopping', () => {
  const readiness = new Readiness();
  readiness.setStopping();
  readiness.setReady();
  readiness.setDraining(5_000);
  assert.equal(readiness.state, 'stopping');
});

test('each state has words for an operator', () => {
  const readiness = new Readiness();
  const words = [readiness.reason];
  readiness.setReady();
  words.push(readiness.reason);
  readiness.setDraining(1);
  words.push(readiness.reason);
  readiness.setStopping();
  words.push(readiness.reason);
  assert.deepEqual(
    words.map((text) => text.split(':', 1)[0]),
    ['starting', 'ready', 'draining', 'stopping'],
  );
});
