import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import {
  appendHistory,
  historyFile,
  HISTORY_LINES,
  readHistory,
} from '../../../../cli/wolfctl/shell/history.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-history-'));
after(() => rmSync(folder, { recursive: true }));

test('the history lies where XDG says, else below the home', () => {
  assert.equal(historyFile({}, '/home/anna'), '/home/anna/.local/state/wolfctl_history');
  assert.equal(historyFile({ XDG_STATE_HOME: '/s' }, '/home/anna'), '/s/wolfctl_history');
  assert.equal(
    historyFile({ XDG_STATE_HOME: 'relative' }, '/home/anna'),
    '/home/anna/.local/state/wolfctl_history',
  );
});

test('lines are kept for the owner only, the newest first', () => {
  const file = path.join(folder, 'new/state/wolfctl_history');
  appendHistory(file, ['show users']);
  appendHistory(file, ['show status', '  ', 'with\u0007bell']);
  assert.deepEqual(readHistory(file), ['show status', 'show users']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
});

test('a file that others could read becomes the owner’s with the next line', () => {
  const file = path.join(folder, 'open');
  writeFileSync(file, 'show users\n', { mode: 0o644 });
  appendHistory(file, ['exit']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('the oldest lines go', () => {
  const file = path.join(folder, 'long');
  appendHistory(
    file,
    Array.from({ length: HISTORY_LINES + 5 }, (_, at) => `show id ${at}`),
  );
  appendHistory(file, ['show users']);
  const lines = readHistory(file);
  assert.equal(lines.length, HISTORY_LINES);
  assert.deepEqual([lines[0], lines.at(-1)], ['show users', 'show id 6']);
});

test('where nothing can be written nothing is, and nothing is said', () => {
  const file = path.join(folder, 'a-file');
  writeFileSync(file, 'x');
  appendHistory(path.join(file, 'below/wolfctl_history'), ['show users']);
  assert.deepEqual(readHistory(path.join(file, 'below/wolfctl_history')), []);
  assert.equal(readFileSync(file, 'utf8'), 'x');
});
