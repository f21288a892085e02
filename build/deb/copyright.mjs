// /usr/share/doc/wolfguard/copyright: whose work each bundled part is, and its licence in full.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const APACHE = 'On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.';

/** `modules`: folders relative to the root; `nodeFolder`: that of the bundled Node. */
export function renderCopyright(root, modules, nodeFolder) {
  const parts = [
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: wolfguard
Comment: The package bundles the Node.js that its engine is built for, and JavaScript libraries.`,
    stanza('*', 'The wolfguard authors', 'Apache-2.0', APACHE),
    stanza(
      'usr/lib/wolfguard/bin/node',
      'Node.js contributors, and those whom the licence below names',
      'Node.js',
      readFileSync(path.join(nodeFolder, 'LICENSE'), 'utf8'),
    ),
    licensed(
      path.join(root, 'native/third_party/lz4'),
      'usr/lib/wolfguard/native/*',
      'BSD-2-Clause',
    ),
    ...modules.map((folder) => {
      const { license } = readPackage(path.join(root, folder));
      return licensed(path.join(root, folder), `usr/lib/wolfguard/${folder}/*`, license);
    }),
  ];
  return `${parts.join('\n\n')}\n`;
}

function licensed(folder, files, licence) {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (file === undefined) {
    const text = `Its package.json says: ${licence}. It brings no text of the licence.`;
    return stanza(files, authorOf(folder), licence, text);
  }
  const text = readFileSync(path.join(folder, file), 'utf8');
  const holders = [...text.matchAll(/^[\s*]*(?:copyright|\(c\)|©).*\d{4}.*$/gim)].map(([line]) =>
    line.replace(/^[\s*]*(copyright)?[\s:]*/i, '').trim(),
  );
  const owner = holders.length > 0 ? holders.join('\n ') : authorOf(folder);
  return stanza(files, owner, licence, licence === 'Apache-2.0' ? APACHE : text);
}

function stanza(files, copyright, licence, text) {
  const body = text
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
  return `Files: ${files}\nCopyright: ${copyright}\nLicense: ${licence}\n${body}`;
}

function authorOf(folder) {
  if (!existsSync(path.join(folder, 'package.json'))) return 'its authors';
  const { author } = readPackage(folder);
  return (typeof author === 'string' ? author : author?.name) ?? 'its authors';
}

const readPackage = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
