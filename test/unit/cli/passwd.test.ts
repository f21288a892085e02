import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { passwdCommand } from '../../../cli/passwd.ts';
import type { PasswdOptions } from '../../../cli/passwd.ts';
import { parseHash, verifyPassword } from '../../../server/auth/password_hash.ts';

test('a new user goes into a new file that only its owner may read', async (t) => {
  const passwd = new Passwd(t);
  assert.equal(await passwd.run({ user: 'alice', groups: ['staff', 'it'] }, ['s3cret\n']), 0);
  assert.match(passwd.text(), /^alice:staff,it:\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(statSync(passwd.file).mode & 0o777, 0o600);
  assert.ok(await passwd.accepts('s3cret'));
});

test('only the first line of a pipe is the password, without its line end', async (t) => {
  for (const input of ['s3cret\r\nmore\n', 's3cret', 's3cret\n\n']) {
    const passwd = new Passwd(t);
    assert.equal(await passwd.run({ user: 'alice' }, [input]), 0);
    assert.ok(await passwd.accepts('s3cret'), JSON.stringify(input));
  }
});

test('a new password leaves groups and other lines alone', async (t) => {
  const passwd = new Passwd(t, '# people\n\nbob:*:$5$x$y\nalice:staff:$5$x$y\ncarl::!\n');
  assert.equal(await passwd.run({ user: 'alice' }, ['new\n']), 0);
  const lines = passwd.text().split('\n');
  assert.deepEqual(lines.toSpliced(3, 1), ['# people', '', 'bob:*:$5$x$y', 'carl::!', '']);
  assert.match(lines[3] ?? '', /^alice:staff:\$argon2id/);
});

test('a terminal is asked twice and shows nothing of what is typed', async (t) => {
  const passwd = new Passwd(t);
  // Backspace and Ctrl-U work; characters of several bytes may arrive in pieces.
  const euro = Buffer.from('€');
  const keys = [
    'wrong\u0015s3',
    'x\u007fcret',
    euro.subarray(0, 1),
    euro.subarray(1),
    '\r',
    's3cret€\r',
  ];
  assert.equal(await passwd.run({ user: 'alice' }, keys, { tty: true }), 0);
  assert.ok(await passwd.accepts('s3cret€'));
  assert.deepEqual(passwd.rawModes, [true, false]);
  assert.equal(passwd.errors, 'New password for alice: \nThe same again: \n');
});

test('two different answers, or none, change nothing', async (t) => {
  for (const keys of ['one\rtwo\r', 'one\r\u0003', '\u0004', 'one\r', '\r\r']) {
    const passwd = new Passwd(t);
    assert.equal(await passwd.run({ user: 'alice' }, [keys], { tty: true }), 1, keys);
    assert.match(passwd.errors, /nothing changed\n$/);
    assert.throws(() => passwd.text(), { code: 'ENOENT' });
    assert.deepEqual(passwd.rawModes, [true, false]);
  }
});

test('an empty pipe or an empty line is no password', async (t) => {
  for (const input of [[], ['\n']]) {
    assert.equal(await new Passwd(t).run({ user: 'alice' }, input), 1);
  }
});

test('an account is locked, stays locked through a new password, and is unlocked', async (t) => {
  const passwd = new Passwd(t, 'alice:*:$5$x$y\n');
  assert.equal(await passwd.run({ user: 'alice', lock: true }), 0);
  assert.equal(await passwd.run({ user: 'alice', lock: true }), 0);
  assert.equal(passwd.text(), 'alice:*:!$5$x$y\n');
  assert.equal(await passwd.run({ user: 'alice' }, ['new\n']), 0);
  assert.match(passwd.text(), /^alice:\*:!\$argon2id/);
  assert.match(passwd.errors, /alice is still locked/);
  assert.equal(await passwd.run({ user: 'alice', unlock: true }), 0);
  assert.match(passwd.text(), /^alice:\*:\$argon2id/);
});

test('a deleted user is gone with every line of theirs', async (t) => {
  const passwd = new Passwd(t, 'alice:*:$5$x$y\nbob:*:$5$x$y\nalice:*:$5$z$z\n');
  assert.equal(await passwd.run({ user: 'alice', delete: true }), 0);
  assert.equal(passwd.text(), 'bob:*:$5$x$y\n');
});

test('a user who does not exist cannot be locked, unlocked or deleted', async (t) => {
  for (const action of [{ lock: true }, { unlock: true }, { delete: true }]) {
    const passwd = new Passwd(t, 'bob:*:$5$x$y\n');
    assert.equal(await passwd.run({ user: 'alice', ...action }), 1);
    assert.match(passwd.errors, /there is no user "alice" in/);
  }
});

test('the list names users, groups and state, and complains about lines by number', async (t) => {
  const passwd = new Passwd(t, 'alice:a,b:$5$x$y\nbob:*:!$5$x$y\nwhat is this\ncarl:*:*\n');
  assert.equal(await passwd.run({ list: true }), 0);
  assert.equal(
    passwd.output,
    'USER   GROUPS  STATE\n' +
      'alice  a,b     active (crypt, renewed at the next login)\n' +
      'bob    -       locked (crypt, renewed at the next login)\n' +
      'carl   -       no password\n',
  );
  assert.equal(passwd.errors, `${passwd.file}:3: the line is not name:groups:hash\n`);
});

test('what makes no sense is refused with exit code 2 before anything is read', async (t) => {
  const wrong: Partial<PasswdOptions>[] = [
    {},
    { user: '' },
    { user: 'a:b' },
    { user: 'a\nb' },
    { user: 'a\u0007' },
    { user: '#a' },
    { user: ' a' },
    { user: 'a'.repeat(65) },
    { user: 'alice', groups: ['a,b'] },
    { user: 'alice', groups: ['*'] },
    { user: 'alice', lock: true, unlock: true },
    { user: 'alice', delete: true, groups: ['a'] },
    { user: 'alice', list: true },
  ];
  for (const options of wrong) {
    const passwd = new Passwd(t);
    assert.equal(await passwd.run(options, ['s3cret\n']), 2, JSON.stringify(options));
    assert.match(passwd.errors, /^wolfguard passwd: .+\n$/);
    assert.throws(() => passwd.text(), { code: 'ENOENT' });
  }
});

test('a missing file and a missing folder are one sentence each and exit code 1', async (t) => {
  const passwd = new Passwd(t);
  assert.equal(await passwd.run({ list: true }), 1);
  assert.match(passwd.errors, /There is no file .*passwd: make it with/);
  const nowhere = new Passwd(t);
  nowhere.file = path.join(nowhere.folder, 'no', 'passwd');
  assert.equal(await nowhere.run({ user: 'alice' }, ['s3cret\n']), 1);
  assert.match(nowhere.errors, /There is no folder .*\/no: make it first/);
});

class Passwd {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-passwd-'));
  file = path.join(this.folder, 'passwd');
  output = '';
  errors = '';
  rawModes: boolean[] = [];

  constructor(t: TestContext, content?: string) {
    t.after(() => rmSync(this.folder, { recursive: true }));
    if (content !== undefined) writeFileSync(this.file, content, { mode: 0o600 });
  }

  text = (): string => readFileSync(this.file, 'utf8');

  run(
    options: Partial<PasswdOptions>,
    typed: (string | Buffer)[] = [],
    { tty = false } = {},
  ): Promise<number> {
    const setRawMode = (raw: boolean): number => this.rawModes.push(raw);
    const pieces = typed.map((piece) => Buffer.from(piece));
    return passwdCommand(
      { file: this.file, ...options },
      {
        input: Object.assign(Readable.from(pieces), tty ? { isTTY: true, setRawMode } : {}),
        output: { write: (text) => (this.output += text) },
        errors: { write: (text) => (this.errors += text) },
      },
    );
  }

  async accepts(password: string): Promise<boolean> {
    const hash = parseHash(this.text().trim().split(':')[2] ?? '');
    assert.ok(hash !== null);
    return (await verifyPassword(hash, password)) === 'match';
  }
}
