// With SCENARIO_SANITIZED=1 the server under test runs on the engine that was built with
// AddressSanitizer and UndefinedBehaviorSanitizer (build/native.mjs --sanitize): a finding aborts the
// worker, and a test that watches the processes sees it.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const sanitized = process.env['SCENARIO_SANITIZED'] === '1';

const ADDON = fileURLToPath(
  new URL('../../../native/build-asan/build/Release/wolfguard.node', import.meta.url),
);

/** What the server's environment needs; nothing in an ordinary run. */
export function sanitizerEnvironment(): Readonly<Record<string, string>> {
  if (!sanitized) return {};
  const compiler = process.env['CXX'] ?? 'g++';
  const { stdout } = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const library = stdout.trim();
  if (!path.isAbsolute(library)) throw new Error(`${compiler} has no libasan.so`);
  return {
    LD_PRELOAD: library,
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    WOLFGUARD_ADDON: ADDON,
  };
}
