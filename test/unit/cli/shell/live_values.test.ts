import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveValues } from '../../../../cli/wolfctl/live_values.ts';
import type { Ask } from '../../../../cli/wolfctl/live_values.ts';

const ALICE = [{ user: 'alice', id: 10 }];

/** A server that answers, or never does; time moves by hand. */
class World {
  now = 0;
  asked = 0;
  answer: () => Promise<unknown> = () => Promise.resolve([...ALICE, { user: 'bob', id: 9 }]);
  readonly values = new LiveValues({
    ask: (() => {
      this.asked += 1;
      return this.answer();
    }) as Ask,
    now: () => this.now,
    sleep: (durationMs) => {
      this.waitedMs += durationMs;
      return new Promise((resolve) => setImmediate(() => resolve()));
    },
  });
  waitedMs = 0;
}

test('names are told once each, numbers in their order', async () => {
  const world = new World();
  world.answer = () => Promise.resolve([...ALICE, ...ALICE, { user: 'bob', id: 9 }]);
  assert.deepEqual(await world.values.get('users'), ['alice', 'bob']);
  assert.deepEqual(await world.values.get('ids'), ['9', '10']);
});

test('the server is asked again only after a while', async () => {
  const world = new World();
  await world.values.get('users');
  await world.values.get('users');
  assert.equal(world.asked, 1);
  world.now = 3001;
  await world.values.get('users');
  assert.equal(world.asked, 2);
});

test('a server that does not answer is waited for once, and not at every key', async () => {
  const world = new World();
  world.answer = () => new Promise(() => undefined);
  assert.deepEqual(await world.values.get('users'), []);
  assert.equal(world.waitedMs, 300);
  assert.deepEqual(await world.values.get('users'), []);
  assert.deepEqual(await world.values.get('ids'), []);
  assert.equal(world.waitedMs, 300);
});

test('what was known last is better than nothing', async () => {
  const world = new World();
  await world.values.get('users');
  world.now = 60_000;
  world.answer = () => new Promise(() => undefined);
  assert.deepEqual(await world.values.get('users'), ['alice', 'bob']);
});

test('a server that is not there offers nothing, and no error', async () => {
  const world = new World();
  world.answer = () => Promise.reject(new Error('no server is running'));
  assert.deepEqual(await world.values.get('users'), []);
});
