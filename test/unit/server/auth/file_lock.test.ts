import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { withFileLock } from '../../../../server/auth/file_lock.ts';
import { PasswdFixture } from './passwd_fixture.ts';

test('callers of one process take turns', async (t) => {
  const { file } = new PasswdFixture(t);
  let inside = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    assert.equal(inside, 1);
    await setImmediate();
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => withFileLock(file, work)));
});

test('another process waits, gives up with a reason, and gets in when the holder is killed', async (t) => {
  const { file, folder } = new PasswdFixture(t);
  const module = path.resolve(import.meta.dirname, '../../../../server/auth/file_lock.ts');
  const script = `
    const { withFileLock } = await import(${JSON.stringify(module)});
    await withFileLock(${JSON.stringify(file)}, async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  const done = (): Promise<string> => Promise.resolve('done');
  await assert.rejects(withFileLock(file, done, 50), { code: 'FILE_LOCKED' });

  const waiting = withFileLock(file, done, 5000);
  holder.kill('SIGKILL');
  assert.equal(await waiting, 'done');
  assert.deepEqual(readdirSync(folder), ['passwd', 'passwd.lock']);
  assert.equal(statSync(`${file}.lock`).mode & 0o777, 0o600);
});

test('work that throws lets the lock go', async (t) => {
  const { file } = new PasswdFixture(t);
  await assert.rejects(
    withFileLock(file, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal(await withFileLock(file, () => Promise.resolve(1), 50), 1);
});
