// wolfguard-crypt, of the build that WOLFGUARD_HELPER_DIR names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { askCrypt } from '../../../server/auth/crypt_helper.ts';
import { helperPath } from '../../../server/auth/helper_path.ts';
import { exitCodeFor, frame } from './helper_process.ts';

const found = helperPath('wolfguard-crypt');
assert.ok(found !== null || process.env['CI'] !== 'true', 'wolfguard-crypt was not built');
const program = found ?? '';
const options = { skip: found === null && 'wolfguard-crypt was not built (libcrypt-dev)' };

const MATCH = 0;
const NO_MATCH = 1;
const CANNOT_TELL = 2;
// Made by `openssl passwd`, which is not libcrypt.
const SHA512 =
  '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
const SHA256 = '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5';

test('known hashes match their password and no other', options, async () => {
  for (const hash of [SHA512, SHA256]) {
    assert.equal(await exitCodeFor(program, ask('Hello world!', hash)), MATCH);
    for (const wrong of ['Hello world', 'hello world!', '', 'Hello world!\0', 'Hello world!!']) {
      assert.equal(await exitCodeFor(program, ask(wrong, hash)), NO_MATCH, wrong);
    }
  }
});

test('passwords of any bytes and of the greatest length are checked whole', options, async () => {
  for (const password of ['pässwörd ☃', 'x'.repeat(511), ' ']) {
    const hash = mkpasswd('yescrypt', password);
    assert.equal(await exitCodeFor(program, ask(password, hash)), MATCH);
    assert.equal(await exitCodeFor(program, ask(`${password.slice(0, -1)}y`, hash)), NO_MATCH);
  }
  assert.equal(await exitCodeFor(program, ask('x'.repeat(1024), SHA512)), NO_MATCH);
});

test('a hash cut short or made longer never matches', options, async () => {
  for (const hash of [SHA512.slice(0, -1), `${SHA512}x`, '$6$saltstring$', '$6$saltstring']) {
    assert.notEqual(await exitCodeFor(program, ask('Hello world!', hash)), MATCH, hash);
  }
});

test('what is no modern hash cannot be told', options, async () => {
  for (const hash of ['', '*', '!', 'abJnggxhB/yWI', '$', '$9$salt$hash', '$6$sa\0lt$x']) {
    assert.equal(await exitCodeFor(program, ask('x', hash)), CANNOT_TELL, JSON.stringify(hash));
  }
});

test('broken input cannot be told and cannot hurt', options, async () => {
  const whole = ask('Hello world!', SHA512);
  const broken = [
    Buffer.alloc(0),
    Buffer.from([0, 0]),
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0, 0, 4, 1, ...Buffer.alloc(1025)]),
    Buffer.concat([frame('x'), frame('y'.repeat(384))]),
    Buffer.concat([whole, Buffer.from('x')]),
    ...[1, 3, 4, 10, 17, 19, 40, whole.length - 1].map((length) => whole.subarray(0, length)),
  ];
  for (const input of broken) {
    assert.equal(await exitCodeFor(program, input), CANNOT_TELL, input.toString('hex'));
  }
});

test('the server asks it in the same words', options, async () => {
  assert.equal(await askCrypt('Hello world!', SHA512, program), 'match');
  assert.equal(await askCrypt('Hello world?', SHA512, program), 'no-match');
  assert.equal(await askCrypt('Hello world!', '$9$x$y', program), 'failed');
  assert.equal(await askCrypt('x'.repeat(2000), SHA512, program), 'failed');
  assert.equal(await askCrypt('x', SHA512, null), 'missing');
  assert.equal(await askCrypt('x', SHA512, '/nowhere/wolfguard-crypt'), 'failed');
});

const ask = (password: string, hash: string): Buffer =>
  Buffer.concat([frame(password), frame(hash)]);

const mkpasswd = (method: string, password: string): string =>
  execFileSync('mkpasswd', ['-m', method, '-s'], {
    input: `${password}\n`,
    encoding: 'utf8',
  }).trim();
