import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The version in package.json, which stands above cli/ in a checkout and above dist/cli/ else. */
export function readVersion(): string {
  const file = ['..', '../..']
    .map((up) => path.join(import.meta.dirname, up, 'package.json'))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) return 'unknown';
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
