// Mutation fuzzing of all parsers for a bounded time: native/test/fuzz.cc. A finding aborts this
// process and prints target, seed and block; docs/fuzzing.md says how to run one again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAddon } from './harness/test_addon.ts';

/** All targets together stay below half a minute, also on a busy machine. */
const MILLISECONDS_PER_TARGET = 1500;
/** Fixed: a change that breaks a parser breaks this test every time. */
const SEED = 20261121;

for (const target of testAddon.fuzzNames()) {
  test(`${target} that are nearly right break nothing`, (context) => {
    const cases = testAddon.runFuzz(target, SEED, MILLISECONDS_PER_TARGET);
    context.diagnostic(`seed ${SEED}: ${cases} cases`);
    assert.ok(cases > 100);
  });
}
