// The files of the package, laid out as they are installed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { renderCopyright } from './copyright.mjs';
import { productionModules } from './modules.mjs';

const HOME = 'usr/lib/wolfguard';
const DOC = 'usr/share/doc/wolfguard';
const COMMANDS = ['wolfguard', 'wolfctl'];
const NATIVE = ['wolfguard.node', 'wolfguard-pam', 'wolfguard-crypt'];
/** What Node loads; the rest of a module is for people who develop with it. */
const LOADED = /\.([cm]?js|json)$/;
const NOT_LOADED =
  /\/(tests?|docs|benchmarks?|examples|tap-snapshots|\.github)(\/|$)|\/(bin\.js|(eslint\.config|jest\.config|tsconfig|\.prettierrc|\.eslintrc)[^/]*)$/;

/** Files that the administrator owns: dpkg asks before it replaces one that was changed. */
export const CONFIGURATION_FILES = ['/etc/wolfguard/wolfguard.toml', '/etc/pam.d/wolfguard'];

/** Fills `stage`; returns the ELF files in it. `release`: {version, date, maintainer}. */
export function layOut(root, stage, release) {
  const put = (name, content, mode = 0o644) => {
    const file = path.join(stage, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
    chmodSync(file, mode);
    return file;
  };
  const read = (name) => readFileSync(path.join(root, name));
  const nodeFolder = path.dirname(path.dirname(process.execPath));

  compile(root, path.join(stage, HOME, 'dist'));
  put(`${HOME}/package.json`, runtimePackage(root));
  for (const name of COMMANDS) {
    const file = `${HOME}/dist/cli/${name}.js`;
    const script = readFileSync(path.join(stage, file), 'utf8');
    put(file, script.replace(/^#!.*/, `#!/${HOME}/bin/node`), 0o755);
    mkdirSync(path.join(stage, 'usr/bin'), { recursive: true });
    symlinkSync(`../lib/wolfguard/dist/cli/${name}.js`, path.join(stage, 'usr/bin', name));
  }
  const modules = productionModules(root);
  for (const folder of modules) copyModule(root, stage, folder);

  const programs = [
    put(`${HOME}/bin/node`, readFileSync(process.execPath), 0o755),
    ...NATIVE.map((name) =>
      put(`${HOME}/native/build/Release/${name}`, readNative(root, name), 0o755),
    ),
  ];
  chmodSync(path.join(stage, `${HOME}/native/build/Release/wolfguard.node`), 0o644);
  // Debug symbols are 30 MB, and hold the names of folders of whoever built them.
  run('strip', ['--strip-unneeded', '--remove-section=.comment', ...programs]);

  put('etc/wolfguard/wolfguard.toml', read('packaging/wolfguard.toml'));
  put('etc/pam.d/wolfguard', read('packaging/pam'));
  put(`${HOME}/is-set-up`, read('packaging/is-set-up'), 0o755);
  for (const unit of ['wolfguard.service', 'wolfguard.socket']) {
    put(`lib/systemd/system/${unit}`, read(`packaging/systemd/${unit}`));
  }
  put('usr/lib/sysusers.d/wolfguard.conf', read('packaging/systemd/sysusers.conf'));
  put('usr/lib/tmpfiles.d/wolfguard.conf', read('packaging/systemd/tmpfiles.conf'));
  for (const page of readdirSync(path.join(root, 'man'))) {
    put(`usr/share/man/man${page.at(-1)}/${page}.gz`, compressed(read(`man/${page}`)));
  }
  put(`${DOC}/copyright`, renderCopyright(root, modules, nodeFolder));
  put(`${DOC}/changelog.Debian.gz`, compressed(renderChangelog(release)));
  put(`${DOC}/README.Debian`, read('packaging/debian/README.Debian'));
  put(`${DOC}/examples/wolfguard.toml`, read('config/wolfguard.toml'));
  put('usr/share/lintian/overrides/wolfguard', read('packaging/debian/lintian-overrides'));
  return programs;
}

function compile(root, out) {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  run(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json'), '--outDir', out]);
}

/** Only what Node itself reads, and the version. */
function runtimePackage(root) {
  const { name, version, license, type } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  );
  return `${JSON.stringify({ name, version, license, type }, null, 2)}\n`;
}

function copyModule(root, stage, folder) {
  const source = path.join(root, folder);
  const target = path.join(stage, HOME, folder);
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

function readNative(root, name) {
  const file = path.join(root, 'native/build/Release', name);
  if (!existsSync(file)) {
    throw new Error(
      `${name} is not built: apt install libpam0g-dev libcrypt-dev, then npm run build:native`,
    );
  }
  return readFileSync(file);
}

function renderChangelog({ version, date, maintainer }) {
  const when = date.toUTCString().replace('GMT', '+0000');
  return `wolfguard (${version}) unstable; urgency=medium

  * Release ${version.replace(/-.*/, '')}.

 -- ${maintainer}  ${when}
`;
}

/** Without the time in the header, so that the same content is the same file. */
const compressed = (content) => gzipSync(content, { level: 9 });

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
