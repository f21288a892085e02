import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Drain } from '../../../server/drain.ts';
import { Readiness } from '../../../server/readiness.ts';

test('sessions stay until the last one has ended, then the server stops', (t) => {
  const world = new World(t);
  world.sessions = 2;
  world.drain.begin(60_000);
  world.pass(10_000);
  assert.deepEqual([world.readiness.state, world.stops], ['draining', 0]);
  world.sessions = 0;
  world.pass(500);
  assert.equal(world.stops, 1);
});

test('whoever is still there when the time is over does not hold the server up', (t) => {
  const world = new World(t);
  world.sessions = 2;
  world.drain.begin(60_000);
  world.pass(59_500);
  assert.equal(world.stops, 0);
  world.pass(500);
  assert.equal(world.stops, 1);
});

test('a drain without a limit waits for the last session however long it takes', (t) => {
  const world = new World(t);
  world.sessions = 1;
  world.drain.begin(null);
  world.pass(86_400_000);
  assert.deepEqual([world.readiness.drainsUntil, world.stops], [null, 0]);
});

test('an empty server stops when the drain has been answered', (t) => {
  const world = new World(t);
  world.drain.begin(60_000);
  assert.equal(world.stops, 0);
  t.mock.timers.runAll();
  assert.equal(world.stops, 1);
});

test('a drain that is called off leaves nothing behind', (t) => {
  const world = new World(t);
  world.sessions = 1;
  assert.equal(world.drain.cancel(), false);
  world.drain.begin(60_000);
  assert.equal(world.drain.cancel(), true);
  assert.equal(world.readiness.state, 'ready');
  world.sessions = 0;
  world.pass(120_000);
  assert.equal(world.stops, 0);
  // The next one counts from its own beginning.
  world.sessions = 1;
  world.drain.begin(60_000);
  world.pass(59_500);
  assert.equal(world.stops, 0);
});

test('a second call moves the end', (t) => {
  const world = new World(t);
  world.sessions = 1;
  world.drain.begin(60_000);
  world.pass(30_000);
  world.drain.begin(120_000);
  world.pass(60_000);
  assert.equal(world.stops, 0);
  world.pass(60_000);
  assert.equal(world.stops, 1);
});

test('SIGTERM stops at once without limits.drain, and drains with it', (t) => {
  const world = new World(t);
  world.sessions = 1;
  assert.equal(world.drain.terminate(0), 'stop');
  assert.equal(world.drain.terminate(60_000), 'drain');
  assert.equal(world.readiness.drainsUntil, 60_000);
});

test('a second SIGTERM does not wait, but the echo of a keypress is none', (t) => {
  const world = new World(t);
  world.sessions = 1;
  assert.equal(world.drain.terminate(60_000), 'drain');
  world.pass(3);
  assert.equal(world.drain.terminate(60_000), 'drain');
  world.pass(1000);
  assert.equal(world.drain.terminate(60_000), 'stop');
});

test('SIGTERM shortens a drain that wolfctl has begun, and never makes it longer', (t) => {
  const world = new World(t);
  world.sessions = 1;
  world.drain.begin(null);
  assert.equal(world.drain.terminate(60_000), 'drain');
  assert.equal(world.readiness.drainsUntil, 60_000);
  world.drain.cancel();
  world.drain.begin(10_000);
  assert.equal(world.drain.terminate(60_000), 'drain');
  assert.equal(world.readiness.drainsUntil, 10_000);
});

test('after a drain was called off, SIGTERM is a first one again', (t) => {
  const world = new World(t);
  world.sessions = 1;
  world.drain.terminate(60_000);
  world.pass(5000);
  world.drain.cancel();
  assert.equal(world.drain.terminate(60_000), 'drain');
});

class World {
  readonly readiness = new Readiness();
  readonly drain: Drain;
  sessions = 0;
  stops = 0;
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setInterval', 'setImmediate', 'Date'], now: 0 });
    this.readiness.setReady();
    this.drain = new Drain({
      readiness: this.readiness,
      sessions: () => this.sessions,
      stop: () => this.stops++,
      logger: { info: () => undefined },
      now: Date.now,
    });
  }

  pass(ms: number): void {
    this.#t.mock.timers.tick(ms);
  }
}
