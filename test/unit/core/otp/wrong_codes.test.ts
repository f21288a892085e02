import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WrongCodes } from '../../../../core/otp/wrong_codes.ts';

const LIMITS = { limit: 3, windowMs: 1000 };

test('the last wrong code of the limit locks, and no other token', () => {
  const wrong = new WrongCodes(LIMITS);
  assert.deepEqual(
    [0, 1, 2].map((now) => wrong.record('a', now)),
    [false, false, true],
  );
  assert.ok(wrong.isLocked('a', 3));
  assert.ok(!wrong.isLocked('b', 3));
});

test('a lock ends a window after the wrong code that made it, and counting begins anew', () => {
  const wrong = new WrongCodes(LIMITS);
  for (const now of [0, 1, 2]) wrong.record('a', now);
  assert.ok(wrong.isLocked('a', 1001));
  assert.ok(!wrong.isLocked('a', 1002));
  assert.ok(!wrong.record('a', 1002));
  assert.ok(!wrong.isLocked('a', 1002));
});

test('wrong codes that are far apart lock nobody', () => {
  const wrong = new WrongCodes(LIMITS);
  for (let now = 0; now < 50_000; now += 500) assert.ok(!wrong.record('a', now));
});

test('no window ever holds more wrong codes than the limit', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 800 }), { maxLength: 100 });
  const property = fc.property(gaps, (pauses) => {
    const wrong = new WrongCodes(LIMITS);
    const counted: number[] = [];
    let now = 0;
    for (const pause of pauses) {
      now += pause;
      if (wrong.isLocked('a', now)) continue;
      wrong.record('a', now);
      counted.push(now);
      const inWindow = counted.filter((time) => time > now - LIMITS.windowMs);
      assert.ok(inWindow.length <= LIMITS.limit);
    }
  });
  fc.assert(property);
});
