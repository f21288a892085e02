import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { isTaller, pagerOf, writePaged } from '../../../../cli/terminal/pager.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-pager-'));
after(() => rmSync(folder, { recursive: true }));

const LINES = 'line\n'.repeat(24);

test('only what is taller than the terminal needs a pager', () => {
  assert.equal(isTaller(LINES, { isTTY: true, rows: 25, write }), false);
  assert.equal(isTaller(LINES, { isTTY: true, rows: 24, write }), true);
  assert.equal(isTaller(LINES, { isTTY: false, rows: 5, write }), false);
  assert.equal(isTaller(LINES, { rows: 5, write }), false);
});

test('the pager is the one that the administrator likes', () => {
  assert.match(pagerOf({}), /exec less$/);
  assert.equal(pagerOf({ PAGER: 'more' }), 'more');
  assert.equal(pagerOf({ PAGER: 'more', OCCTL_PAGER: 'most' }), 'most');
});

test('the pager gets all of it, and nothing is written twice', () => {
  const file = path.join(folder, 'paged');
  assert.equal(written({ PAGER: `cat > ${file}; echo "$LESS" >> ${file}` }), '');
  assert.equal(readFileSync(file, 'utf8'), `${LINES}FRX\n`);
});

test('a pager that ends early is no reason to write all again', () => {
  assert.equal(written({ PAGER: 'true' }), '');
});

test('without a pager all is written as it is', () => {
  assert.equal(written({ PAGER: '' }), LINES);
  assert.equal(written({ PAGER: 'exit 127' }), LINES);
});

function written(environment: Record<string, string>): string {
  let output = '';
  writePaged(
    LINES,
    { isTTY: true, rows: 5, write: (text) => (output += text) },
    { PATH: process.env['PATH'], ...environment },
  );
  return output;
}

function write(): void {
  // Nobody writes in these tests.
}
