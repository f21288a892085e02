// Writes what is made from tables: the sample, the manual, and the page of the log's events. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFamilyTables } from '../core/metrics/manual.ts';
import { renderLogManual } from './log_manual.ts';
import { renderManual } from './manual.ts';
import { renderSample } from './sample.ts';

const ROOT = join(import.meta.dirname, '..');

const files = [
  { name: 'config/wolfguard.toml', text: renderSample() },
  { name: 'docs/configuration.md', text: renderManual() },
  {
    name: 'docs/metrics.md',
    text: withFamilyTables(readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')),
  },
  { name: 'docs/logging.md', text: renderLogManual() },
];

if (process.argv.includes('--check')) check();
else for (const { name, text } of files) writeFileSync(join(ROOT, name), text);

function check(): void {
  const stale = files.filter(({ name, text }) => readOrEmpty(join(ROOT, name)) !== text);
  for (const { name } of stale)
    console.error(
      `${name} is not what its table in config/ or core/log/ says: run "npm run generate"`,
    );
  if (stale.length > 0) process.exitCode = 1;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
