// A long fuzzing campaign: every target in turn, each turn with a new seed, for the minutes given.
// It needs the sanitized build and its libraries, as build/test_engine.mjs sets them up:
//
//   node build/native.mjs --sanitize
//   LD_PRELOAD=$(g++ -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 \
//     UBSAN_OPTIONS=print_stacktrace=1 node test/engine/campaign.ts MINUTES [SEED [TARGET]]
//
// A finding aborts it and prints target, seed and block.
import process from 'node:process';
import { testAddon } from './harness/test_addon.ts';

const TURN_MS = 2000;

const [minutes = '5', firstSeed = String(Date.now() % 1_000_000), only] = process.argv.slice(2);
const end = performance.now() + Number(minutes) * 60_000;
const targets = testAddon.fuzzNames().filter((name) => only === undefined || name === only);
const cases = new Map(targets.map((name) => [name, 0]));

let seed = Number(firstSeed);
console.log(`first seed ${seed}, ${minutes} minutes, targets: ${targets.join(', ')}`);
for (; performance.now() < end; seed++) {
  for (const target of targets) {
    const left = Math.max(1, Math.min(TURN_MS, end - performance.now()));
    cases.set(target, (cases.get(target) ?? 0) + testAddon.runFuzz(target, seed, Math.round(left)));
  }
}
console.log(`last seed ${seed - 1}`);
for (const [target, count] of cases)
  console.log(`${count.toLocaleString('en').padStart(14)}  ${target}`);
