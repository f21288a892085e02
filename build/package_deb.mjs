// `npm run package:deb`: dist/wolfguard_VERSION_ARCH.deb, for the Debian and the architecture that
// it is made on, with the Node that runs this script. The same sources give the same file: times
// are those of SOURCE_DATE_EPOCH, or of the last commit.
//
//   node build/package_deb.mjs [--fast] [--output FOLDER]      --fast: neither check types nor compress it
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeControl } from './deb/control.mjs';
import { layOut } from './deb/tree.mjs';
import { run } from './program/lay_out.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
/** The package's own revision of this version. */
const REVISION = 1;
const MAINTAINER = 'The wolfguard maintainers <maintainers@wolfguard.invalid>';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    output: { type: 'string', default: path.join(root, 'dist') },
  },
});

const stage = mkdtempSync(path.join(tmpdir(), 'wolfguard-deb-'));
try {
  const made = build();
  if (!options.fast) lint(made);
  console.log(made);
} catch (error) {
  console.error(`wolfguard: no package was made: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function build() {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const epoch = sourceDate();
  const release = {
    version: `${version}-${REVISION}`,
    architecture: ARCHITECTURES[process.arch],
    date: new Date(epoch * 1000),
    maintainer: process.env.DEBEMAIL
      ? `${process.env.DEBFULLNAME ?? 'wolfguard'} <${process.env.DEBEMAIL}>`
      : MAINTAINER,
  };
  const umask = process.umask(0o022);
  const programs = layOut(root, stage, release, !options.fast);
  writeControl(root, stage, programs, release);
  run('chmod', ['755', stage]);
  run('find', [stage, '-exec', 'touch', '--no-dereference', `--date=@${epoch}`, '{}', '+']);
  process.umask(umask);

  const file = `wolfguard_${release.version}_${release.architecture}.deb`;
  mkdirSync(options.output, { recursive: true });
  const target = path.join(options.output, file);
  const compression = options.fast ? ['-Znone'] : ['-Zxz'];
  run('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, target], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  return target;
}

/** Fails for what Debian's policy calls an error; what is meant so is in lintian-overrides. */
function lint(file) {
  const { error } = spawnSync('lintian', ['--version'], { stdio: 'ignore' });
  if (error !== undefined) console.error('not checked: lintian is not installed');
  else run('lintian', ['--fail-on', 'error,warning', '--allow-root', file]);
}

/** Seconds since 1970. */
function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given) return Number(given);
  const git = ['-C', root, 'log', '-1', '--format=%ct'];
  return Number(execFileSync('git', git, { encoding: 'utf8' }));
}
