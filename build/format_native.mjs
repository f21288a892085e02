// Formats the C++ and C sources in place; with --check says which are not formatted and exits 1.
// Where clang-format is not installed it says so and does nothing.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ['native/src', 'native/helper', 'native/test', 'bench/native/src', 'test/pam'];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((name) => /\.(c|cc|h)$/.test(name))
    .map((name) => path.join(folder, name)),
);
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const { status, error } = spawnSync('clang-format', ['--style=file', ...mode, ...files], {
  cwd: root,
  stdio: 'inherit',
});
if (error !== undefined) {
  console.log('clang-format is not installed: C++ formatting is not looked at');
} else {
  process.exitCode = status ?? 1;
}
