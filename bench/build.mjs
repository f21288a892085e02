// Builds the load client's addon with node-gyp against the headers of the Node that runs this
// script, in bench/out/load. Nothing of it belongs to the package; `npm ci` does not build it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const bench = path.dirname(fileURLToPath(import.meta.url));
const tree = path.join(bench, 'out/load');
const nodeDir = path.dirname(path.dirname(process.execPath));

mkdirSync(tree, { recursive: true });
link('binding.gyp', '../../native/binding.gyp');
link('src', '../../native/src');
link('engine', '../../../native/src');

const env = { ...process.env };
for (const key of Object.keys(env)) {
  if (key.toLowerCase() === 'npm_config_nodedir') delete env[key];
}
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
for (const command of ['configure', 'build']) {
  const { status } = spawnSync(
    process.execPath,
    [nodeGyp, command, `--directory=${tree}`, `--nodedir=${nodeDir}`, '--loglevel=error'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...env, MAKEFLAGS: '--no-print-directory -s -j2' },
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}

function link(name, target) {
  const at = path.join(tree, name);
  rmSync(at, { force: true });
  symlinkSync(target, at);
}
