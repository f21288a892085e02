import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeAt, countersNow, isFresh } from '../../../../core/otp/token.ts';
import type { HotpToken, OtpAlgorithm, TotpToken } from '../../../../core/otp/token.ts';
import { hmac } from '../../../../server/auth/otp_secrets.ts';

const SECRET = Buffer.from('12345678901234567890');

test('the codes of [rfc4226 D]', () => {
  const codes = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
  codes.forEach((code, counter) => assert.equal(codeAt(hmac, hotp(), counter), code));
});

test('the codes of [rfc6238 B]', () => {
  const rows = [
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ] as const;
  for (const [seconds, sha1, sha256, sha512] of rows) {
    for (const [algorithm, bytes, code] of [
      ['sha1', 20, sha1],
      ['sha256', 32, sha256],
      ['sha512', 64, sha512],
    ] as const) {
      const secret = Buffer.alloc(bytes, '1234567890');
      const token = totp({ algorithm, secret, digits: 8 });
      const [, current = -1] = countersNow(token, null, seconds * 1000);
      assert.equal(codeAt(hmac, token, current), code, `${algorithm} at ${seconds}`);
    }
  }
});

test('oathtool shows the same codes', () => {
  const tokens = fc.record({
    secret: fc.uint8Array({ minLength: 10, maxLength: 70 }),
    digits: fc.constantFrom(6, 7, 8),
    algorithm: fc.constantFrom<OtpAlgorithm>('sha1', 'sha256', 'sha512'),
    periodS: fc.integer({ min: 1, max: 120 }),
  });
  const times = fc.integer({ min: 0, max: 4_000_000_000 });
  const property = fc.property(tokens, times, (options, seconds) => {
    const token = totp(options);
    const shown = execFileSync('oathtool', [
      ...[`--totp=${options.algorithm}`, '--digits', String(options.digits)],
      ...[`--time-step-size=${options.periodS}s`, '--now', `@${seconds}`],
      Buffer.from(options.secret).toString('hex'),
    ]);
    const counter = Math.floor(seconds / options.periodS);
    assert.equal(codeAt(hmac, token, counter), shown.toString().trim());
  });
  fc.assert(property, { numRuns: 25 });
});

test('a time-based code is good one step before and one step after its time', () => {
  assert.deepEqual(countersNow(totp(), null, 59_999), [0, 1, 2]);
  assert.deepEqual(countersNow(totp(), null, 60_000), [1, 2, 3]);
  assert.deepEqual(countersNow(totp({ periodS: 60 }), null, 59_999), [0, 1]);
});

test('a counted code is looked for twenty ahead of the last one', () => {
  assert.deepEqual(ends(countersNow(hotp(), null, 0)), [0, 20]);
  assert.deepEqual(ends(countersNow(hotp({ base: 7, first: 8 }), null, 0)), [7, 27]);
  assert.deepEqual(ends(countersNow(hotp({ base: 7, first: 8 }), 30, 0)), [30, 50]);
  assert.deepEqual(ends(countersNow(hotp({ base: 7, first: 8 }), 3, 0)), [7, 27]);
});

test('a used code is not fresh, nor is one before it', () => {
  for (const token of [totp(), hotp()]) {
    assert.deepEqual(
      [4, 5, 6].map((counter) => isFresh(token, 5, counter)),
      [false, false, true],
    );
    assert.ok(isFresh(token, null, 0));
  }
  assert.deepEqual(
    [6, 7, 8].map((counter) => isFresh(hotp({ base: 7, first: 8 }), null, counter)),
    [false, false, true],
  );
});

test('as many codes are tried whatever has been used', () => {
  const property = fc.property(fc.nat(), fc.option(fc.nat()), fc.nat(), (base, used, now) => {
    assert.equal(countersNow(hotp({ base, first: base }), used, now).length, 21);
    assert.equal(countersNow(totp(), used, now + 60_000).length, 3);
  });
  fc.assert(property);
});

const totp = (change: Partial<TotpToken> = {}): TotpToken => ({
  ...{ kind: 'totp', secret: SECRET, algorithm: 'sha1', digits: 6, periodS: 30 },
  ...change,
});

const hotp = (change: Partial<HotpToken> = {}): HotpToken => ({
  ...{ kind: 'hotp', secret: SECRET, algorithm: 'sha1', digits: 6, base: 0, first: 0 },
  ...change,
});

const ends = (counters: readonly number[]): unknown => [counters[0], counters.at(-1)];
