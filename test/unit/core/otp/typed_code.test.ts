import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { otpauthUri } from '../../../../core/otp/uri.ts';
import {
  RECOVERY_BYTES,
  readTypedCode,
  renderRecoveryCode,
} from '../../../../core/otp/typed_code.ts';

test('a code may be typed with the gap that the app shows', () => {
  for (const typed of ['287082', ' 287 082 ', '287-082\r\n']) {
    assert.deepEqual(readTypedCode(typed), { kind: 'otp', code: '287082' });
  }
});

test('a recovery code may be typed without hyphens and in capitals', () => {
  for (const typed of ['abcd-efgh-2345', 'ABCDEFGH2345', 'abcd efgh 2345']) {
    assert.deepEqual(readTypedCode(typed), { kind: 'recovery', code: 'abcdefgh2345' });
  }
});

test('all else is nonsense', () => {
  for (const typed of [
    '',
    '12345',
    '123456789',
    '28708a',
    'abcd-efgh-2341',
    'abcd-efgh',
    '٢٨٧٠٨٢',
  ]) {
    assert.deepEqual(readTypedCode(typed), { kind: 'nonsense' }, typed);
  }
});

test('any recovery code is read as it was rendered', () => {
  const random = fc.uint8Array({ minLength: RECOVERY_BYTES, maxLength: RECOVERY_BYTES });
  const property = fc.property(random, (bytes) => {
    const text = renderRecoveryCode(bytes);
    assert.match(text, /^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$/);
    assert.deepEqual(readTypedCode(text), { kind: 'recovery', code: text.replaceAll('-', '') });
  });
  fc.assert(property);
});

test('the URI names only what apps do not assume', () => {
  const secret = Buffer.from('12345678901234567890');
  const token = { kind: 'totp', secret, algorithm: 'sha1', digits: 6, periodS: 30 } as const;
  assert.equal(
    otpauthUri(token, { issuer: 'ACME & Co', user: 'ålice@example.org' }),
    'otpauth://totp/ACME%20%26%20Co:%C3%A5lice%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME%20%26%20Co',
  );
  const odd = { ...token, algorithm: 'sha256', digits: 8, periodS: 60 } as const;
  assert.match(
    otpauthUri(odd, { issuer: 'w', user: 'a' }),
    /&algorithm=SHA256&digits=8&period=60$/,
  );
});
