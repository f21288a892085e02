import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase32, encodeBase32 } from '../../../../core/otp/base32.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

test('the examples of the standard [rfc4648 10]', () => {
  const examples = [
    ['f', 'MY======'],
    ['fo', 'MZXQ===='],
    ['foo', 'MZXW6==='],
    ['foob', 'MZXW6YQ='],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI======'],
  ] as const;
  for (const [plain, coded] of examples) {
    assert.equal(encodeBase32(ascii(plain)), coded.replace(/=+$/, ''));
    assert.deepEqual(decodeBase32(coded), ascii(plain));
  }
  assert.equal(encodeBase32(ascii('')), '');
});

test('blanks, hyphens, small letters and missing padding are as people type them', () => {
  for (const typed of ['mzxw6ytboi', 'MZXW 6YTB OI', ' mzxw-6ytb-oi\t', 'MZXW6YTBOI======']) {
    assert.deepEqual(decodeBase32(typed), ascii('foobar'), typed);
  }
});

test('what is no base32 is null', () => {
  for (const text of [
    '',
    '   ',
    '====',
    'M',
    'MZX',
    'MZXW6Y',
    'MZXW0YTB',
    'MZXW1YTB',
    'MY=A',
    'ÄB',
  ]) {
    assert.equal(decodeBase32(text), null, JSON.stringify(text));
  }
});

test('any bytes come back', () => {
  const property = fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
    assert.deepEqual(decodeBase32(encodeBase32(bytes)), bytes);
  });
  fc.assert(property);
});
