import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LogOutlet, Outcome } from '../../../server/log_outlet.ts';
import { LogQueue } from '../../../server/log_queue.ts';

test('the lines of a turn go out in one piece, when the turn is over', async (t) => {
  const bench = new Bench(t);
  bench.queue.add('one');
  bench.queue.add('two');
  assert.deepEqual(bench.written, []);
  await new Promise(setImmediate);
  assert.deepEqual(bench.written, [['one', 'two']]);
});

test('lines that cannot go out wait, and follow in order when they can', async (t) => {
  const bench = new Bench(t);
  bench.room = 1;
  for (const line of ['one', 'two', 'three']) bench.queue.add(line);
  await new Promise(setImmediate);
  bench.queue.add('four');
  assert.deepEqual(bench.lines, ['one']);
  bench.room = Infinity;
  t.mock.timers.tick(20);
  assert.deepEqual(bench.lines, ['one', 'two', 'three', 'four']);
  assert.deepEqual(bench.told, []);
});

test('attempts become rarer while nothing goes', async (t) => {
  const bench = new Bench(t);
  bench.room = 0;
  bench.queue.add('one');
  await new Promise(setImmediate);
  for (let ms = 0; ms < 10_000; ms += 10) t.mock.timers.tick(10);
  assert.ok(bench.attempts > 5 && bench.attempts < 25, `${bench.attempts} attempts in 10 s`);
});

test('lines beyond the bound are lost and counted, and the log says so when it works again', async (t) => {
  const bench = new Bench(t);
  bench.room = 0;
  const line = 'x'.repeat(100_000);
  for (let n = 0; n < 20; n += 1) bench.queue.add(line);
  await new Promise(setImmediate);
  bench.room = Infinity;
  t.mock.timers.tick(2000);
  assert.deepEqual(bench.told, [[10, 'no room']]);
  assert.equal(bench.lines.length, 10);
  bench.queue.add('later');
  await new Promise(setImmediate);
  assert.equal(bench.lines.at(-1), 'later');
  assert.equal(bench.told.length, 1);
  assert.match(bench.said.join(), /lines of the log are being lost: no room/);
});

test('at the end of the process what waits gets a last chance, and what is left is counted', (t) => {
  const bench = new Bench(t);
  bench.room = 1;
  bench.queue.add('one');
  bench.queue.add('two');
  bench.queue.finish();
  assert.deepEqual(bench.lines, ['one']);
  assert.match(bench.said.join(), /1 lines of the log could not be written: no room/);
});

class Bench implements LogOutlet {
  readonly written: string[][] = [];
  readonly told: [number, string][] = [];
  readonly said: string[] = [];
  attempts = 0;
  /** How many lines still go out. */
  room = Infinity;
  readonly queue = new LogQueue({
    outlet: this,
    onRecovered: (...told) => void this.told.push(told),
    say: (sentence) => void this.said.push(sentence),
  });

  constructor(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
  }

  get lines(): string[] {
    return this.written.flat();
  }

  write(lines: readonly string[]): Outcome {
    this.attempts += 1;
    const done = Math.min(lines.length, this.room);
    this.room -= done;
    if (done > 0) this.written.push(lines.slice(0, done));
    return { done, lost: 0, ...(done < lines.length && { trouble: 'no room' }) };
  }

  reopen(): void {
    assert.fail('nobody asked for it');
  }

  close(): void {
    assert.fail('nobody asked for it');
  }
}
