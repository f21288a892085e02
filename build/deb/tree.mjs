// The files of the package, laid out as they are installed.
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { COMMANDS, layOutProgram, run, strip } from '../program/lay_out.mjs';
import { productionModules } from '../program/modules.mjs';
import { renderCopyright } from './copyright.mjs';

const HOME = 'usr/lib/wolfguard';
const DOC = 'usr/share/doc/wolfguard';

/** Where each shell looks for what completes the words of a command. */
const COMPLETIONS = [
  ['bash', (name) => `usr/share/bash-completion/completions/${name}`],
  ['zsh', (name) => `usr/share/zsh/vendor-completions/_${name}`],
  ['fish', (name) => `usr/share/fish/vendor_completions.d/${name}.fish`],
];

/** Files that the administrator owns: dpkg asks before it replaces one that was changed. */
export const CONFIGURATION_FILES = ['/etc/wolfguard/wolfguard.toml', '/etc/pam.d/wolfguard'];

/**
 * Fills `stage`; returns the ELF files in it. `release`: {version, date, maintainer}; `checked` as
 * in layOutProgram.
 */
export function layOut(root, stage, release, checked) {
  const put = (name, content, mode = 0o644) => {
    const file = path.join(stage, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
    return file;
  };
  const read = (name) => readFileSync(path.join(root, name));

  const interpreter = `/${HOME}/bin/node`;
  const programs = [
    put(interpreter, readFileSync(process.execPath), 0o755),
    ...layOutProgram(root, path.join(stage, HOME), { interpreter, checked }),
  ];
  strip(programs);
  mkdirSync(path.join(stage, 'usr/bin'), { recursive: true });
  for (const name of COMMANDS) {
    symlinkSync(`../lib/wolfguard/dist/cli/${name}.js`, path.join(stage, 'usr/bin', name));
  }

  for (const name of COMMANDS) {
    const script = path.join(stage, HOME, 'dist/cli', `${name}.js`);
    for (const [shell, fileFor] of COMPLETIONS) {
      put(fileFor(name), run(process.execPath, [script, 'completion', shell]));
    }
  }
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
  const nodeFolder = path.dirname(path.dirname(process.execPath));
  put(`${DOC}/copyright`, renderCopyright(root, productionModules(root), nodeFolder));
  put(`${DOC}/changelog.Debian.gz`, compressed(renderChangelog(release)));
  put(`${DOC}/README.Debian`, read('packaging/debian/README.Debian'));
  put(`${DOC}/examples/wolfguard.toml`, read('config/wolfguard.toml'));
  put('usr/share/lintian/overrides/wolfguard', read('packaging/debian/lintian-overrides'));
  return programs;
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
