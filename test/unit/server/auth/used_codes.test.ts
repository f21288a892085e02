import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { UsedCodes } from '../../../../server/auth/used_codes.ts';

test('a counter is used once, and none before it afterwards', (t) => {
  const used = open(t, newDirectory(t));
  assert.equal(used.lastUsed('a'), null);
  assert.deepEqual(
    [5, 5, 4, 6].map((counter) => used.use('a', counter)),
    [true, false, false, true],
  );
  assert.equal(used.lastUsed('a'), 6);
  assert.ok(used.use('b', 0));
  assert.ok(!used.use('b', 0));
});

test('what was used is known after a restart, and to a process that was never told', (t) => {
  const directory = newDirectory(t);
  open(t, directory).use('a', 5);
  const second = open(t, directory);
  assert.equal(second.lastUsed('a'), 5);
  assert.ok(!second.use('a', 5));
});

test('a killed process has kept what it said it had used', (t) => {
  const directory = newDirectory(t);
  const module = JSON.stringify(
    path.resolve(import.meta.dirname, '../../../../server/auth/used_codes.ts'),
  );
  const program = `
    import { UsedCodes } from ${module};
    const used = new UsedCodes({ directory: ${JSON.stringify(directory)} });
    if (used.use('a', 7)) process.kill(process.pid, 'SIGKILL');`;
  assert.throws(() => execFileSync(process.execPath, ['--input-type=module', '-e', program]), {
    signal: 'SIGKILL',
  });
  assert.ok(!open(t, directory).use('a', 7));
});

test('only its owner may read the file', (t) => {
  const directory = newDirectory(t);
  open(t, directory).use('a', 1);
  for (const file of ['otp.db', 'otp.db-wal']) {
    assert.equal(statSync(path.join(directory, file)).mode & 0o777, 0o600, file);
  }
});

test('a file that is no database is an error that names it, and is left alone', (t) => {
  const directory = newDirectory(t);
  const file = path.join(directory, 'otp.db');
  writeFileSync(file, 'x'.repeat(5000));
  const used = open(t, directory);
  assert.throws(() => used.use('a', 1), { code: 'OTP_STATE', message: /otp\.db, where used/ });
  assert.equal(statSync(file).size, 5000);
  rmSync(file);
  assert.ok(used.use('a', 1), 'works again when the file does');
});

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-otp-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function open(t: TestContext, directory: string): UsedCodes {
  const used = new UsedCodes({ directory });
  t.after(() => used.close());
  return used;
}
