// Builds the engine with AddressSanitizer and UndefinedBehaviorSanitizer and runs its tests on that
// build. Node itself is not built so: the sanitizer's library has to be there before it starts.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const addon = path.join(root, 'native/build-asan/build/Release/wolfguard.node');

run(process.execPath, ['build/native.mjs', '--sanitize']);

const compiler = process.env.CXX ?? 'g++';
const { stdout, status } = spawnSync(compiler, ['-print-file-name=libasan.so'], {
  encoding: 'utf8',
});
const library = (stdout ?? '').trim();
if (status !== 0 || !path.isAbsolute(library)) {
  console.error(
    `${compiler} has no libasan.so: install GCC with its sanitizers (apt-get install g++)`,
  );
  process.exit(1);
}

run(process.execPath, ['--test', '--test-reporter=spec', 'test/engine/**/*.test.ts'], {
  LD_PRELOAD: library,
  // Node leaks on purpose at its exit. A finding must end the process, or the test would pass.
  ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  WOLFGUARD_ADDON: addon,
});

// The helper programs have sanitizers of their own.
run(process.execPath, ['--test', '--test-reporter=spec', 'test/unit/native/helper_*.test.ts'], {
  WOLFGUARD_HELPER_DIR: path.dirname(addon),
});

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}
