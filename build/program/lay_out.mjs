// What runs: the compiled server, the modules that it loads, its engine and its helper programs. A
// package and an image hold the same.
//
//   node build/program/lay_out.mjs FOLDER      writes it there
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { productionModules } from './modules.mjs';

/** Scripts with a first line of their own, below dist/cli. */
export const COMMANDS = ['wolfguard', 'wolfctl'];
const ENGINE = 'wolfguard.node';
const HELPERS = ['wolfguard-pam', 'wolfguard-crypt'];
const BUILT = 'native/build/Release';
/** What Node loads; the rest of a module is for people who develop with it. */
const LOADED = /\.([cm]?js|json)$/;
const NOT_LOADED =
  /\/(tests?|docs|benchmarks?|examples|tap-snapshots|\.github)(\/|$)|\/(bin\.js|(eslint\.config|jest\.config|tsconfig|\.prettierrc|\.eslintrc)[^/]*)$/;

/**
 * Fills the folder `home`; returns the ELF files in it. `interpreter`: the Node of the commands.
 * `checked`: false skips the check of types, which takes most of the time.
 */
export function layOutProgram(root, home, { interpreter, checked = true }) {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const project = path.join(root, 'tsconfig.build.json');
  const out = path.join(home, 'dist');
  const unchecked = checked ? [] : ['--noCheck'];
  run(process.execPath, [tsc, '-p', project, '--outDir', out, ...unchecked]);
  for (const name of COMMANDS) {
    const file = path.join(out, 'cli', `${name}.js`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^#!.*/, `#!${interpreter}`));
    chmodSync(file, 0o755);
  }
  writeFileSync(path.join(home, 'package.json'), runtimePackage(root));
  for (const folder of productionModules(root)) copyModule(root, home, folder);

  mkdirSync(path.join(home, BUILT), { recursive: true });
  return [ENGINE, ...HELPERS].map((name) => {
    const source = path.join(root, BUILT, name);
    if (!existsSync(source)) {
      throw new Error(
        `${name} is not built: apt install libpam0g-dev libcrypt-dev, then npm run build:native`,
      );
    }
    const target = path.join(home, BUILT, name);
    cpSync(source, target);
    chmodSync(target, name === ENGINE ? 0o644 : 0o755);
    return target;
  });
}

/** Only what Node itself reads, and the version. */
function runtimePackage(root) {
  const { name, version, license, type } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  );
  return `${JSON.stringify({ name, version, license, type }, null, 2)}\n`;
}

function copyModule(root, home, folder) {
  const source = path.join(root, folder);
  const target = path.join(home, folder);
  const copy = (inside) => {
    for (const entry of readdirSync(path.join(source, inside), { withFileTypes: true })) {
      const name = path.join(inside, entry.name);
      // Modules inside are copied as their own, where they are wanted.
      if (entry.name === 'node_modules' || NOT_LOADED.test(`/${name}`)) continue;
      if (entry.isDirectory()) copy(name);
      else if (LOADED.test(`/${name}`)) {
        mkdirSync(path.join(target, inside), { recursive: true });
        cpSync(path.join(source, name), path.join(target, name));
        chmodSync(path.join(target, name), 0o644);
      }
    }
  };
  copy('');
}

/** Throws when the program fails; what it says goes to our stderr. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  if (result.error !== undefined) throw new Error(`${program}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${program} failed:\n${result.stdout}`);
  return result.stdout;
}

/** Debug symbols are large, and hold the names of folders of whoever built them. */
export const strip = (programs) =>
  run('strip', ['--strip-unneeded', '--remove-section=.comment', ...programs]);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , home] = process.argv;
  if (home === undefined) throw new Error('usage: node build/program/lay_out.mjs FOLDER');
  const root = path.join(import.meta.dirname, '../..');
  strip(layOutProgram(root, path.resolve(home), { interpreter: process.execPath }));
}
