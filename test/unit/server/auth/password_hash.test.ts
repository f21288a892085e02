import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hashPassword,
  isWeak,
  parseHash,
  verifyPassword,
} from '../../../../server/auth/password_hash.ts';

test('a new hash is argon2id with its parameters, salted, and verifies', async () => {
  const [one, two] = await Promise.all([hashPassword('pässword'), hashPassword('pässword')]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.equal(await verify(one, 'pässword'), 'match');
  assert.equal(await verify(one, 'passwörd'), 'no-match');
  assert.equal(weak(one), false);
});

test('hashes that other programs made verify', async () => {
  // argon2id: the vector of the reference implementation's test suite; scrypt: RFC 7914, 12.
  const others: [string, string][] = [
    [
      'password',
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    ],
    [
      'pleaseletmein',
      '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
    ],
  ];
  for (const [password, hash] of others) {
    assert.equal(await verify(hash, password), 'match', hash);
    assert.equal(await verify(hash, `${password}x`), 'no-match', hash);
  }
});

test('what is cheaper than ours is weak', () => {
  const tail = `c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}`;
  assert.equal(weak(`$argon2id$v=19$m=19456,t=2,p=1$${tail}`), false);
  assert.equal(weak(`$argon2id$v=19$m=65536,t=3,p=4$${tail}`), false);
  assert.equal(weak(`$argon2id$v=19$m=19455,t=2,p=1$${tail}`), true);
  assert.equal(weak(`$argon2id$v=19$m=19456,t=1,p=1$${tail}`), true);
  assert.equal(weak(`$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$${'A'.repeat(43)}`), true);
  assert.equal(weak(`$scrypt$ln=17,r=8,p=1$${tail}`), false);
  assert.equal(weak(`$scrypt$ln=14,r=8,p=1$${tail}`), true);
  assert.equal(weak('$6$salt$hash'), true);
  assert.equal(weak('$1$salt$hash'), true);
});

test('hashes that are broken, unknown or would eat the machine are not hashes', () => {
  const tail = `c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}`;
  const wrong = [
    '',
    'plain',
    'aaXXXXXXXXXXX',
    '$2b$12$hash',
    '$6$',
    '$6$sa lt$hash',
    '$6$salt$ha:sh',
    `$6$${'x'.repeat(400)}`,
    `$argon2i$v=19$m=19456,t=2,p=1$${tail}`,
    `$argon2id$v=16$m=19456,t=2,p=1$${tail}`,
    `$argon2id$v=19$m=4,t=2,p=1$${tail}`,
    `$argon2id$v=19$m=9999999,t=2,p=1$${tail}`,
    `$argon2id$v=19$m=19456,t=0,p=1$${tail}`,
    `$argon2id$v=19$m=19456,t=2,p=0$${tail}`,
    `$argon2id$v=19$m=19456,t=2,p=1$c2Fs$${'A'.repeat(43)}`,
    `$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAA`,
    `$argon2id$v=19$m=19456,t=2,p=1$c29t*XNhbHQ$${'A'.repeat(43)}`,
    `$scrypt$ln=30,r=8,p=1$${tail}`,
    `$scrypt$ln=0,r=8,p=1$${tail}`,
  ];
  for (const text of wrong) assert.equal(parseHash(text), null, text);
});

function verify(text: string, password: string) {
  const hash = parseHash(text);
  assert.ok(hash !== null, text);
  return verifyPassword(hash, password);
}

function weak(text: string): boolean {
  const hash = parseHash(text);
  assert.ok(hash !== null, text);
  return isWeak(hash);
}
