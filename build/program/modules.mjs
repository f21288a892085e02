// Which packages of node_modules the installed server needs: what `dependencies` of package.json
// reach, without those that only build the engine.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** They build the engine at `npm ci`; a package of the system brings it built. */
const BUILD_ONLY = ['node-gyp'];

/** Folders relative to the root, sorted: node_modules/pino, … */
export function productionModules(root) {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const found = new Set();
  const visit = (from, name) => {
    const folder = resolveModule(packages, from, name);
    if (found.has(folder)) return;
    found.add(folder);
    for (const next of Object.keys(packages[folder].dependencies ?? {})) visit(folder, next);
  };
  for (const name of Object.keys(packages[''].dependencies)) {
    if (!BUILD_ONLY.includes(name)) visit('', name);
  }
  return [...found].sort();
}

/** As Node looks for it: below the one who asks, then further and further up. */
function resolveModule(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf(NESTED)))) {
    const candidate = path.posix.join(folder, 'node_modules', name);
    if (candidate in packages) return candidate;
    if (folder === '') throw new Error(`package-lock.json does not have ${name}`);
  }
}

const NESTED = '/node_modules/';
