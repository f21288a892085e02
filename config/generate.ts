// Writes what is made from the schema table: the sample and the manual. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderManual } from './manual.ts';
import { renderSample } from './sample.ts';

const ROOT = join(import.meta.dirname, '..');

const files = [
  { name: 'config/wolfguard.toml', text: renderSample() },
  { name: 'docs/configuration.md', text: renderManual() },
];

if (process.argv.includes('--check')) check();
else for (const { name, text } of files) writeFileSync(join(ROOT, name), text);

function check(): void {
  const stale = files.filter(({ name, text }) => readOrEmpty(join(ROOT, name)) !== text);
  for (const { name } of stale)
    console.error(`${name} is not what the table in config/ says: run "npm run generate"`);
  if (stale.length > 0) process.exitCode = 1;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
