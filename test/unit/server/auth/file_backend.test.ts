import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CheckQueue } from '../../../../server/auth/check_queue.ts';
import type { askCrypt } from '../../../../server/auth/crypt_helper.ts';
import { FileBackend } from '../../../../server/auth/file_backend.ts';
import { lockUser, setPassword } from '../../../../server/auth/passwd_admin.ts';
import { hashPassword } from '../../../../server/auth/password_hash.ts';
import { testBackend, verify } from './backend_suite.ts';
import { PasswdFixture, cheapHash } from './passwd_fixture.ts';

testBackend('file', {
  open: (t) => {
    const hash = cheapHash('s3cret');
    const passwd = new PasswdFixture(t, `alice:staff,it:${hash}`, `locked:*:!${hash}`);
    return Promise.resolve(open(passwd));
  },
  openUnreachable: (t) => {
    const passwd = new PasswdFixture(t);
    rmSync(passwd.file);
    return Promise.resolve(open(passwd));
  },
});

test('a line written by ocpasswd lets its user in, and with its groups', async (t) => {
  const passwd = new PasswdFixture(t);
  const ocpasswd = (...args: string[]): void => {
    execFileSync('ocpasswd', ['-c', passwd.file, ...args], { input: 's3cret\ns3cret\n' });
  };
  ocpasswd('alice');
  ocpasswd('-g', 'staff,it', 'bob');
  ocpasswd('carl');
  ocpasswd('-l', 'carl');
  const backend = open(passwd);
  assert.deepEqual(await verify(backend, 'alice', 's3cret'), { kind: 'accepted', groups: [] });
  assert.deepEqual(await verify(backend, 'bob', 's3cret'), {
    kind: 'accepted',
    groups: ['staff', 'it'],
  });
  assert.equal((await verify(backend, 'carl', 's3cret')).kind, 'refused');
  assert.equal((await verify(backend, 'bob', 'wrong')).kind, 'refused');
  await backend.renewed();
  ocpasswd('-u', 'carl');
  assert.equal((await verify(backend, 'carl', 's3cret')).kind, 'accepted');
  await backend.close();
});

test('crypt(3) hashes of mkpasswd verify: md5 of old ocservs, sha256, sha512, yescrypt', async (t) => {
  for (const method of ['md5crypt', 'sha256crypt', 'sha512crypt', 'yescrypt']) {
    const passwd = new PasswdFixture(t, `alice:*:${mkpasswd(method)}`);
    const backend = open(passwd);
    assert.equal((await verify(backend, 'alice', 'wrong')).kind, 'refused', method);
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted', method);
    await backend.close();
  }
});

test('a weak hash is renewed at a good login, and nothing else in the file changes', async (t) => {
  const weak = [mkpasswd('sha512crypt'), cheapHash('s3cret'), scryptOf];
  for (const hash of weak) {
    const others = ['# people', '', `bob:*:${cheapHash('x')}`, 'what is this?', 'dora::*'];
    const passwd = new PasswdFixture(t, ...others, `alice:staff:${hash}`);
    chmodSync(passwd.file, 0o640);
    const backend = open(passwd);
    await verify(backend, 'alice', 'wrong');
    await backend.renewed();
    assert.equal(passwd.lines().at(-1), `alice:staff:${hash}`, 'a bad login renews nothing');
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
    await backend.renewed();
    assert.deepEqual(passwd.lines().slice(0, -1), others);
    assert.match(passwd.lines().at(-1) ?? '', /^alice:staff:\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal(statSync(passwd.file).mode & 0o777, 0o640);
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
    await backend.close();
  }
});

test('a hash as strong as ours is left alone', async (t) => {
  const passwd = new PasswdFixture(t, `alice:*:${await hashPassword('s3cret')}`);
  const before = statSync(passwd.file).ino;
  const backend = open(passwd);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  await backend.renewed();
  assert.equal(statSync(passwd.file).ino, before);
});

test('a file that another program reads too keeps its hashes', async (t) => {
  const line = `alice:*:${cheapHash('s3cret')}`;
  const passwd = new PasswdFixture(t, line);
  const queue = new CheckQueue({ running: 2, waiting: 1000 });
  const backend = new FileBackend(
    { logger: passwd.logger, queue },
    { file: passwd.file, renewHashes: false },
  );
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  await backend.renewed();
  assert.equal(passwd.lines().at(-1), line);
});

test('renewal goes through a symbolic link and leaves it one', async (t) => {
  const passwd = new PasswdFixture(t, `alice:*:${cheapHash('s3cret')}`);
  const real = path.join(passwd.folder, 'real');
  renameSync(passwd.file, real);
  symlinkSync('real', passwd.file);
  const backend = open(passwd);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  await backend.renewed();
  assert.ok(lstatSync(passwd.file).isSymbolicLink());
  assert.match(passwd.lines()[0] ?? '', /m=19456/);
});

test('a renewal that fails is logged and the login succeeds', async (t) => {
  const passwd = new PasswdFixture(t, `alice:*:${cheapHash('s3cret')}`);
  const backend = open(passwd);
  // The lock's place is taken by something that can never be one.
  symlinkSync('/proc/nowhere/at/all', `${passwd.file}.lock`);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  await backend.renewed();
  assert.match(String(passwd.logged.at(-1)?.['msg']), /could not be renewed/);
  assert.ok(!JSON.stringify(passwd.logged).includes('s3cret'));
});

test('edits of other processes meanwhile and renewals lose nothing', async (t) => {
  const names = Array.from({ length: 30 }, (_, i) => `user${i}`);
  const passwd = new PasswdFixture(t, ...names.map((name) => `${name}:*:${cheapHash('s3cret')}`));
  const backend = open(passwd);
  const edits = names
    .slice(0, 10)
    .map((name, i) =>
      i % 2 === 0
        ? setPassword(passwd.file, { name: `new-${name}`, password: 'other' })
        : lockUser(passwd.file, name, true),
    );
  await Promise.all([...edits, ...names.map((name) => verify(backend, name, 's3cret'))]);
  await backend.renewed();
  const lines = passwd.lines();
  assert.equal(lines.length, 35);
  for (const [i, name] of names.entries()) {
    const line = lines.find((text) => text.startsWith(`${name}:`)) ?? '';
    assert.equal(line.includes(':!'), i < 10 && i % 2 === 1, line);
  }
  for (const name of names.slice(10)) {
    assert.ok(lines.some((text) => text.startsWith(`${name}:*:$argon2id$v=19$m=19456`)));
  }
});

test('a password changed between login and renewal stays changed', async (t) => {
  const passwd = new PasswdFixture(t, `alice:*:${cheapHash('old')}`);
  const backend = open(passwd);
  await verify(backend, 'alice', 'old');
  passwd.write(`alice:*:${cheapHash('new')}`);
  await backend.renewed();
  assert.equal((await verify(backend, 'alice', 'old')).kind, 'refused');
  assert.equal((await verify(backend, 'alice', 'new')).kind, 'accepted');
  await backend.close();
});

test('changes of the file count at once, written in place or renamed over', async (t) => {
  const passwd = new PasswdFixture(t, `alice:*:${cheapHash('one111')}`);
  const backend = open(passwd);
  assert.equal((await verify(backend, 'alice', 'one111')).kind, 'accepted');
  await backend.renewed();
  // Of the same size, one right after the other.
  for (const password of ['two222', 'three3', 'four44', 'five55']) {
    passwd.write(`alice:*:${cheapHash(password)}`);
    assert.equal((await verify(backend, 'alice', 'one111')).kind, 'refused');
    passwd.write(`alice:*:${cheapHash(password)}`);
    assert.equal((await verify(backend, 'alice', password)).kind, 'accepted', password);
    await backend.renewed();
  }
  rmSync(passwd.file);
  assert.equal((await verify(backend, 'alice', 'five55')).kind, 'unavailable');
  await backend.close();
});

test('a malformed line is skipped and logged once by its number, never by its content', async (t) => {
  const good = `alice:*:${cheapHash('s3cret')}`;
  const passwd = new PasswdFixture(t, good, 'bob:hunter2', 'carl:*:$9$hunter2');
  const backend = open(passwd);
  for (let i = 0; i < 3; i++) {
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
    assert.equal((await verify(backend, 'carl', 'hunter2')).kind, 'refused');
    await backend.renewed();
  }
  const warnings = passwd.logged.filter(({ level }) => level === 40);
  assert.deepEqual(
    warnings.map(({ line }) => line),
    [2, 3],
  );
  assert.ok(!JSON.stringify(passwd.logged).includes('hunter2'));
});

test('a crypt hash without the helper program is unavailable and said once', async (t) => {
  const passwd = new PasswdFixture(t, 'alice:*:$6$salt$hash', `bob:*:${cheapHash('s3cret')}`);
  for (const [answer, text] of [
    ['missing', /was not built/],
    ['failed', /failed/],
  ] as const) {
    const backend = open(passwd, () => Promise.resolve(answer));
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'unavailable');
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'unavailable');
    assert.equal((await verify(backend, 'bob', 's3cret')).kind, 'accepted');
    await backend.renewed();
    const errors = passwd.logged.filter(({ level }) => level === 50);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]?.['msg']), text);
    passwd.logged.length = 0;
  }
});

test('an unknown user is checked against a line of the file, always the same one', async (t) => {
  const salts = Array.from({ length: 20 }, (_, i) => `$6$salt${i}$hash`);
  const passwd = new PasswdFixture(t, ...salts.map((hash, i) => `user${i}:*:${hash}`));
  const asked: string[] = [];
  const backend = open(passwd, (_password, hash) => {
    asked.push(hash);
    // Even a decoy that matches lets nobody in.
    return Promise.resolve('match');
  });
  for (const user of ['mallory', 'mallory', 'oscar', 'trudy', 'eve', 'wendy']) {
    assert.equal((await verify(backend, user, 's3cret')).kind, 'refused');
  }
  assert.equal(asked.length, 6);
  assert.equal(asked[0], asked[1]);
  assert.ok(new Set(asked).size > 1);
  assert.ok(asked.every((hash) => salts.includes(hash)));
});

test('an unknown user of an empty file costs as much as a hash of ours', async (t) => {
  const backend = open(new PasswdFixture(t));
  const began = performance.now();
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'refused');
  assert.ok(performance.now() - began > 5, 'argon2 with 19 MiB cannot be that quick');
});

test('a full queue is unavailable, not a wrong password', async (t) => {
  const passwd = new PasswdFixture(t, 'alice:*:$6$salt$hash');
  const gate = Promise.withResolvers<'match'>();
  const queue = new CheckQueue({ running: 1, waiting: 1 });
  const backend = new FileBackend(
    { logger: passwd.logger, queue, crypt: () => gate.promise },
    { file: passwd.file },
  );
  const rounds = [1, 2, 3].map(() => verify(backend, 'alice', 's3cret'));
  assert.equal((await Promise.race(rounds)).kind, 'unavailable');
  gate.resolve('match');
  const kinds = (await Promise.all(rounds)).map(({ kind }) => kind);
  assert.deepEqual(kinds.sort(), ['accepted', 'accepted', 'unavailable']);
  await backend.close();
});

function open(passwd: PasswdFixture, crypt?: typeof askCrypt): FileBackend {
  const queue = new CheckQueue({ running: 2, waiting: 1000 });
  const { logger, file } = passwd;
  return new FileBackend({ logger, queue, ...(crypt && { crypt }) }, { file });
}

const mkpasswd = (method: string): string =>
  execFileSync('mkpasswd', ['-m', method, '-s'], { input: 's3cret\n', encoding: 'utf8' }).trim();

// "s3cret" with N = 2^4, r = 8, p = 1, salt "0123456789abcdef".
const scryptOf =
  '$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MomXuMw9YekkEH5CXhpWEZ7aT3P7uIj0zEYtEnXoIY4';
