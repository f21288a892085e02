import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { checkFile } from '../../../config/check.ts';
import { hookFileTrouble } from '../../../config/hook_files.ts';

const PROGRAM = { executable: true };

test('a program that its owner alone can change may run', (t) => {
  const { file } = folder(t);
  assert.equal(hookFileTrouble(file, PROGRAM), undefined);
  chmodSync(file, 0o644);
  assert.equal(hookFileTrouble(file, { executable: false }), undefined);
});

test('a program that is missing, no file or not executable is named', (t) => {
  const { file, directory } = folder(t);
  assert.match(hookFileTrouble(`${file}x`, PROGRAM) ?? '', /programx": there is no such file/);
  assert.match(hookFileTrouble(directory, PROGRAM) ?? '', /is not a file/);
  chmodSync(file, 0o644);
  assert.match(hookFileTrouble(file, PROGRAM) ?? '', /is not executable/);
});

test('a program that others may change, by itself or by its folder, is refused', (t) => {
  const { file, directory } = folder(t);
  chmodSync(file, 0o757);
  assert.match(hookFileTrouble(file, PROGRAM) ?? '', /program" may be changed by others/);
  chmodSync(file, 0o755);
  chmodSync(directory, 0o777);
  assert.match(hookFileTrouble(file, PROGRAM) ?? '', /folder" may be changed by others/);
  // As /tmp is.
  chmodSync(directory, 0o1777);
  assert.equal(hookFileTrouble(file, PROGRAM), undefined);
});

test('a program of another user, or of a group that may write it, is refused', (t) => {
  if (process.getuid?.() !== 0) {
    assert.notEqual(process.env['CI'], 'true', 'CI runs as root');
    t.skip('only root can give a file away');
    return;
  }
  const { file } = folder(t);
  chownSync(file, 65534, 0);
  assert.match(hookFileTrouble(file, PROGRAM) ?? '', /belongs to another user/);
  chownSync(file, 0, 65534);
  chmodSync(file, 0o775);
  assert.match(hookFileTrouble(file, PROGRAM) ?? '', /may be changed by others/);
  chownSync(file, 0, 0);
  assert.equal(hookFileTrouble(file, PROGRAM), undefined);
});

test('wolfguard check names the key and the line', (t) => {
  const { directory } = folder(t);
  const config = path.join(directory, 'wolfguard.toml');
  writeFileSync(
    config,
    '[hooks]\nconnect = "/nowhere/connect"\nplugins = ["/nowhere/plugin.ts"]\n',
  );
  const { output } = checkFile(config);
  assert.match(output, /:2:\d+.*hooks.connect: "\/nowhere\/connect": there is no such file/);
  assert.match(output, /:3:\d+.*hooks.plugins: "\/nowhere\/plugin.ts": there is no such file/);
  writeFileSync(config, '[hooks]\ntimeout = "2m"\nconnect = "connect.sh"\n');
  const wrong = checkFile(config).output;
  assert.match(wrong, /:2:\d+.*is too long/);
  assert.match(wrong, /:3:\d+.*not an absolute path/);
});

function folder(t: TestContext): { file: string; directory: string } {
  const parent = mkdtempSync(path.join(tmpdir(), 'wolfguard-hook-files-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'folder');
  mkdirSync(directory);
  const file = path.join(directory, 'program');
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
  return { file, directory };
}
