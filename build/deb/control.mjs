// The control part of the package: what dpkg knows of it.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../program/lay_out.mjs';
import { CONFIGURATION_FILES } from './tree.mjs';

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** Writes DEBIAN/ into `stage`. `programs`: whose libraries the package depends on. */
export function writeControl(root, stage, programs, release) {
  const folder = path.join(stage, 'DEBIAN');
  mkdirSync(folder);
  const files = listFiles(stage).filter((name) => !name.startsWith('DEBIAN/'));
  const put = (name, content) => writeFileSync(path.join(folder, name), content);
  put('conffiles', `${CONFIGURATION_FILES.join('\n')}\n`);
  put('md5sums', renderSums(stage, files));
  put('control', renderControl(stage, files, libraries(programs, release), release));
  for (const script of SCRIPTS) {
    cpSync(path.join(root, 'packaging/debian', script), path.join(folder, script));
    chmodSync(path.join(folder, script), 0o755);
  }
}

function renderControl(stage, files, depends, { version, architecture, maintainer }) {
  const bytes = files.reduce((sum, name) => sum + lstatSync(path.join(stage, name)).size, 0);
  return `Package: wolfguard
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${Math.ceil(bytes / 1024)}
Section: net
Priority: optional
Depends: ${depends}, systemd | systemd-sysusers
Recommends: nftables, ca-certificates
Description: VPN server for OpenConnect and AnyConnect clients
 wolfguard serves the clients of openconnect, NetworkManager, Cisco Secure
 Client (AnyConnect) and the OpenConnect apps. It takes the place of ocserv:
 it reads its configuration and its password files, and answers to its tools.
 .
 One event loop runs on each core and moves packets in batches. Users come from
 a file, PAM, LDAP, RADIUS or certificates, with one-time passwords beside.
 .
 The package brings the Node.js that its packet engine is built for.
`;
}

/** What dpkg-shlibdeps finds, which wants to be called where a source package is. */
function libraries(programs, { maintainer }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-deb-'));
  try {
    mkdirSync(path.join(folder, 'debian'));
    writeFileSync(
      path.join(folder, 'debian/control'),
      `Source: wolfguard\nMaintainer: ${maintainer}\n\nPackage: wolfguard\nArchitecture: any\n`,
    );
    const found = run('dpkg-shlibdeps', ['-O', ...programs.map((file) => `-e${file}`)], {
      cwd: folder,
      // It warns of every symbol that the engine takes from Node's own binary.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return found.replace(/^shlibs:Depends=/, '').trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const renderSums = (stage, files) =>
  files
    .filter((name) => lstatSync(path.join(stage, name)).isFile())
    .filter((name) => !CONFIGURATION_FILES.includes(`/${name}`))
    .map((name) => {
      const content = readFileSync(path.join(stage, name));
      return `${createHash('md5').update(content).digest('hex')}  ${name}\n`;
    })
    .join('');

function listFiles(folder, inside = '') {
  return readdirSync(path.join(folder, inside), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(inside, entry.name);
      return entry.isDirectory() ? listFiles(folder, name) : [name];
    });
}
