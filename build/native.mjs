// Builds the engine addon and the helper programs with node-gyp against the headers of the
// Node that runs this script. A user's npm may carry a `nodedir` of another Node (Debian's is
// Node 20 with OpenSSL 3.0); an addon built against that would not load, so ours is explicit.
//
//   node build/native.mjs              release build in native/build
//   node build/native.mjs --sanitize   ASan + UBSan build in native/build-asan
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const sanitize = process.argv.includes('--sanitize');
const nodeDir = path.dirname(path.dirname(process.execPath));

if (!existsSync(path.join(nodeDir, 'include/node/node_api.h'))) {
  console.error(`wolfguard: no Node headers in ${nodeDir}/include/node: cannot build the engine`);
  process.exit(1);
}
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error(`wolfguard: needs Node 26 (run through npm), this is ${process.version}`);
  process.exit(1);
}

const directory = sanitize ? prepareSanitizedTree() : path.join(root, 'native');
const env = { ...process.env };
for (const key of Object.keys(env)) {
  if (key.toLowerCase() === 'npm_config_nodedir') delete env[key];
}
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
runNodeGyp('configure', ['--', `-Dsanitize=${sanitize ? 1 : 0}`]);
runNodeGyp('build', ['--jobs=max']);
if (!sanitize && !existsSync(path.join(directory, 'build/Release/wolfguard-pam'))) {
  console.error('wolfguard: libpam headers not found (libpam0g-dev): built without the PAM helper');
}

/** configure before build, so that a new source file is seen without a full rebuild. */
function runNodeGyp(command, args) {
  const { status } = spawnSync(
    process.execPath,
    [
      nodeGyp,
      command,
      `--directory=${directory}`,
      `--nodedir=${nodeDir}`,
      '--loglevel=error',
      ...args,
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, MAKEFLAGS: '--no-print-directory -s' },
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}

/** node-gyp always builds into ./build, so the second build gets a folder of symlinks. */
function prepareSanitizedTree() {
  const tree = path.join(root, 'native/build-asan');
  mkdirSync(tree, { recursive: true });
  for (const name of ['binding.gyp', 'src', 'helper', 'third_party', 'test']) {
    const link = path.join(tree, name);
    rmSync(link, { force: true });
    symlinkSync(path.join('..', name), link);
  }
  return tree;
}
