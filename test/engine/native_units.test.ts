// The engine's C++ unit tests, native/test/*_test.cc: each is a test here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAddon } from './harness/test_addon.ts';

for (const name of testAddon.unitNames()) {
  test(name, () => {
    const failures = testAddon.runUnit(name);
    if (failures.length > 0) assert.fail(failures.join('\n'));
  });
}
