import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoginReply, LoginRequest } from '../../../core/ipc/messages.ts';
import { LoginTimes } from '../../../server/login_times.ts';

const form = { message: '', error: null, inputs: [], groups: [], urlGroup: null };
const COMPLETE: LoginReply = { kind: 'complete', cookie: 'c', banner: '' };
const formOf = (dialogue: string | null): LoginReply => ({ kind: 'form', dialogue, form });

test('a login takes from its first question to its cookie, whatever was asked between', async () => {
  const world = new World();
  await world.step(null, formOf('one'), 100);
  world.now += 5000;
  await world.step('one', formOf('two'), 100);
  world.now += 5000;
  await world.step('two', COMPLETE, 100);
  assert.deepEqual([world.times.averageMs, world.times.longestMs], [10_300, 10_300]);
  await world.step(null, COMPLETE, 100);
  assert.deepEqual([world.times.averageMs, world.times.longestMs], [5200, 10_300]);
});

test('what is never finished, refused or unknown counts for nothing', async () => {
  const world = new World();
  await world.step(null, formOf('one'), 100);
  await world.step('one', { kind: 'failed', reason: 'no' }, 100);
  await world.step('one', { kind: 'unavailable', reason: 'down' }, 100);
  assert.deepEqual([world.times.averageMs, world.times.longestMs], [0, 0]);
  world.now += 60_000;
  await world.step('one', COMPLETE, 100);
  assert.equal(world.times.longestMs, 100, 'the dialogue was over');
});

test('dialogues without end do not pile up', async () => {
  const world = new World();
  await world.step(null, formOf('old'), 0);
  for (let i = 0; i < 10_000; i++) await world.step(null, formOf(`d${i}`), 0);
  world.now += 60_000;
  await world.step('old', COMPLETE, 0);
  assert.equal(world.times.longestMs, 0, 'forgotten for newer ones');
  await world.step('d9999', COMPLETE, 0);
  assert.equal(world.times.longestMs, 60_000);
});

class World {
  now = 1000;
  readonly times = new LoginTimes();

  step(dialogue: string | null, reply: LoginReply, tookMs: number): Promise<LoginReply> {
    const request: Pick<LoginRequest, 'dialogue'> = { dialogue };
    return this.times.measure(
      request,
      () => {
        this.now += tookMs;
        return Promise.resolve(reply);
      },
      () => this.now,
    );
  }
}
