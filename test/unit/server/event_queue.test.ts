import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeAdminEvent } from '../../../core/ipc/admin_event.ts';
import { EventQueue } from '../../../server/event_queue.ts';

test('a reader that keeps up hears everything at once', () => {
  const world = new World(100);
  for (const line of ['a', 'b', 'c']) world.queue.push(line);
  assert.deepEqual(world.heard, ['a', 'b', 'c']);
  assert.equal(world.queue.waitingBytes, 0);
});

test('a slow reader loses the oldest events, and is told how many', () => {
  const world = new World(10);
  world.takes = false;
  for (const line of ['0000', '1111', '2222', '3333', '4444']) world.queue.push(line);
  assert.deepEqual(world.heard, ['0000'], 'what made it slow is with the sink');
  assert.equal(world.queue.waitingBytes, 8);
  world.takes = true;
  world.queue.drained();
  assert.deepEqual(world.heard.slice(2), ['3333', '4444']);
  assert.deepEqual(decodeAdminEvent(world.heard[1] ?? ''), { kind: 'lost', events: 2 });
  world.queue.push('5555');
  assert.equal(world.heard.at(-1), '5555');
});

test('whatever the reader does, it holds no more than its share, and nothing else is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(30), fc.constantFrom('full', 'drained'))), (steps) => {
      const world = new World(100);
      let sent = 0;
      for (const step of steps) {
        if (step === 'full') world.takes = false;
        else if (step === 'drained') {
          world.takes = true;
          world.queue.drained();
        } else world.queue.push(`${sent++} ${'x'.repeat(step)}`);
        assert.ok(world.queue.waitingBytes <= 100);
      }
      world.takes = true;
      world.queue.drained();
      let next = 0;
      for (const line of world.heard) {
        if (line.startsWith('{')) {
          const event = decodeAdminEvent(line);
          assert.ok(event.kind === 'lost');
          next += event.events;
        } else assert.equal(Number(line.split(' ')[0]), next++);
      }
      assert.equal(next, sent);
    }),
  );
});

class World {
  readonly heard: string[] = [];
  takes = true;
  readonly queue: EventQueue;

  constructor(maxBytes: number) {
    const write = (line: string): boolean => {
      this.heard.push(line);
      return this.takes;
    };
    this.queue = new EventQueue({ write }, maxBytes);
  }
}
