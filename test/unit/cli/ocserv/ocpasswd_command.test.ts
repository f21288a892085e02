import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { ocpasswdCommand } from '../../../../cli/ocserv/ocpasswd_command.ts';
import type { OcpasswdOptions } from '../../../../cli/ocserv/ocpasswd_command.ts';
import { sha512Crypt } from '../../../../cli/ocserv/sha512_crypt.ts';
import { parseHash, verifyPassword } from '../../../../server/auth/password_hash.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-ocpasswd-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

async function run(options: OcpasswdOptions, input = ''): Promise<{ code: number; said: string }> {
  let said = '';
  const write = (text: string): void => void (said += text);
  const streams = { input: Readable.from([input]), output: { write }, errors: { write } };
  return { code: await ocpasswdCommand(options, streams), said };
}

test('the hash is that of crypt(3), whatever the length of the password', () => {
  for (const password of ['a', 's3cret', 'ünïcode ✓', 'x'.repeat(64), 'y'.repeat(200)]) {
    const salt = 'saltsaltsaltsalt';
    const theirs = execFileSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], {
      input: `${password}\n`,
      encoding: 'utf8',
    }).trim();
    assert.equal(sha512Crypt(password, { salt, rounds: 5000 }), theirs);
  }
});

test('a new user stands at the end; comments and other lines stay as they are', async () => {
  const text = '# people: of the company\n\nbob:staff:$5$x$y\n';
  const file = put('a', text);
  chmodSync(file, 0o640);
  assert.equal(
    (await run({ username: 'alice', passwd: file, groupname: 'a,b' }, 's3cret\n')).code,
    0,
  );
  const written = readFileSync(file, 'utf8');
  assert.ok(written.startsWith(text));
  const [, hash = ''] = /^alice:a,b:(.*)$/m.exec(written) ?? [];
  assert.match(hash, /^\$6\$rounds=20000\$/);
  const parsed = parseHash(hash);
  assert.equal(parsed && (await verifyPassword(parsed, 's3cret')), 'match');
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.equal(existsSync(`${file}.tmp`), false);
  assert.equal(existsSync(`${file}.lock`), false, 'ocserv leaves no such file either');
});

test('a file that is not there is made, for its owner only', async () => {
  const file = path.join(folder, 'new');
  assert.equal((await run({ username: 'alice', passwd: file }, 's3cret')).code, 0);
  assert.match(readFileSync(file, 'utf8'), /^alice:\*:\$6\$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a new password unlocks, and without -g takes the groups away, as ocpasswd does', async () => {
  const file = put('b', 'alice:staff:!$5$x$y\n');
  assert.equal((await run({ username: 'alice', passwd: file }, 'other\n')).code, 0);
  assert.match(readFileSync(file, 'utf8'), /^alice:\*:\$6\$[^\n]*\n$/);
});

test('locked, unlocked, deleted; who is not there is no mistake', async () => {
  const file = put('c', 'alice:staff:$5$x$y\nbob:*:$5$x$y\n');
  await run({ username: 'alice', passwd: file, lock: true });
  await run({ username: 'alice', passwd: file, lock: true });
  assert.match(readFileSync(file, 'utf8'), /^alice:staff:!\$5\$x\$y$/m);
  await run({ username: 'alice', passwd: file, unlock: true });
  assert.match(readFileSync(file, 'utf8'), /^alice:staff:\$5\$x\$y$/m);
  assert.equal((await run({ username: 'nobody', passwd: file, delete: true })).code, 0);
  await run({ username: 'alice', passwd: file, delete: true });
  assert.equal(readFileSync(file, 'utf8'), 'bob:*:$5$x$y\n');
});

test('what is wrong is said, with exit code 1, and changes nothing', async () => {
  const file = put('d', 'bob:*:$5$x$y\n');
  const failing: readonly (readonly [OcpasswdOptions, string, RegExp])[] = [
    [{ username: 'alice', passwd: file }, '\n', /Please specify a password/],
    [{ username: 'a:b', passwd: file }, 'x\n', /colon/],
    [{ username: 'alice', passwd: file, lock: true, delete: true }, '', /only one/],
    [{ username: 'alice', passwd: path.join(folder, 'none/pw'), lock: true }, '', /for reading/],
  ];
  for (const [options, input, words] of failing) {
    const { code, said } = await run(options, input);
    assert.equal(code, 1);
    assert.match(said, words);
  }
  writeFileSync(`${file}.tmp`, '');
  assert.match((await run({ username: 'alice', passwd: file }, 'x\n')).said, /is locked/);
  assert.equal(existsSync(`${file}.tmp`), true, 'the lock is somebody else’s');
  assert.equal(readFileSync(file, 'utf8'), 'bob:*:$5$x$y\n');
});
