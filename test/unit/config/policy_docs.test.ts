import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { schema } from '../../../config/schema.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

test('every key of [policy] has a row in docs/policy.md with a test that is there', () => {
  const rows = readFileSync(join(DOCS, 'policy.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  for (const key of Object.keys(schema.policy.keys)) {
    const row = rows.find((line) => line.startsWith(`| \`${key}\` |`));
    assert.ok(row, `${key} has no row`);
    const tests = [...row.matchAll(/\((\.\.\/test\/[^)]+\.test\.ts)\)/g)].map(([, file]) => file);
    assert.ok(tests.length > 0, `${key} has no test`);
    for (const file of tests) assert.ok(existsSync(join(DOCS, file ?? '')), `${key}: ${file}`);
  }
});
