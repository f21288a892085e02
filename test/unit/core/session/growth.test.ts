// 100,000 sessions without an operation whose cost grows with the number of sessions. Steps on
// maps and sets are counted instead of time, so that a busy machine does not matter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, MINUTE, cidr, policy } from './fixture.ts';

const FEW = 5_000;
const MANY = 100_000;
// Heap and bitmap grow with the logarithm: 1.4 times from 5,000 to 100,000.
const MAX_GROWTH = 1.6;

test('the steps that a session costs do not grow with the number of sessions', () => {
  const few = stepsPerSession(FEW);
  const many = stepsPerSession(MANY);
  assert.ok(few > 10, `${few} steps a session: the counting does not work`);
  assert.ok(many < few * MAX_GROWTH, `${few} steps a session among ${FEW}, ${many} among ${MANY}`);
});

/** Log in, displace another session, connect, come back, lose the worker, expire. */
function stepsPerSession(sessions: number): number {
  // Predictable and one name in ten the same: the worst case for the search of an address.
  const bench = new Bench({ pool4: cidr('10.0.0.0/15') });
  return (
    countSteps(() => {
      for (let i = 0; i < sessions; i++) {
        const user = `user${Math.floor(i / 10)}`;
        const cookieHash = `cookie ${i}`;
        bench.login(user, { cookieHash, policy: { ...policy, max_sessions: 8 } });
        if (i % 2 === 0) continue;
        bench.open(user, { cookieHash, worker: i % 4 });
        if (i % 3 === 0) bench.open(user, { cookieHash, worker: (i + 1) % 4 });
      }
      for (let worker = 0; worker < 4; worker++) bench.registry.workerGone(worker, bench.now);
      bench.registry.sweep(bench.now + 5 * MINUTE);
      assert.equal(bench.registry.size, 0);
    }) / sessions
  );
}

/** How often the work looks into, changes or steps through a Map or a Set. */
function countSteps(work: () => void): number {
  let steps = 0;
  const iterators = [new Map().values(), new Set().values()].map(
    (iterator) => [Object.getPrototypeOf(iterator) as object, ['next']] as const,
  );
  const patched = [
    [Map.prototype, ['get', 'set', 'has', 'delete']] as const,
    [Set.prototype, ['add', 'has', 'delete']] as const,
    ...iterators,
  ].flatMap(([owner, names]) =>
    names.map((name) => {
      const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
      Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
        steps++;
        return Reflect.apply(original, this, args);
      });
      return () => Reflect.set(owner, name, original);
    }),
  );
  try {
    work();
  } finally {
    for (const restore of patched) restore();
  }
  return steps;
}
