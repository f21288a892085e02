import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashName } from '../../../../core/session/name_hash.ts';

test('a name has the same hash in every release, or every user’s address would change', () => {
  assert.deepEqual(
    ['', 'alice', 'bob', 'jürgen', '李'].map(hashName),
    [2872998923, 2263979945, 1818395828, 297272614, 3583987571],
  );
});

test('names that differ in a digit spread over a /16', () => {
  const offsets = new Set<number>();
  for (let i = 0; i < 1000; i++) offsets.add(hashName(`user${i}`) % 65533);
  // 1000 balls thrown at random into 65533 boxes fill 992 on average.
  assert.ok(offsets.size > 975, `${offsets.size} different addresses`);
});
