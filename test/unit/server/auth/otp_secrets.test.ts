import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeAt } from '../../../../core/otp/token.ts';
import type { HotpToken, TotpToken } from '../../../../core/otp/token.ts';
import {
  hashRecoveryCode,
  hmac,
  matchCode,
  matchRecovery,
  tokenId,
} from '../../../../server/auth/otp_secrets.ts';

const CODE = { secret: Buffer.from('12345678901234567890'), algorithm: 'sha1', digits: 6 } as const;
const TOTP: TotpToken = { ...CODE, kind: 'totp', periodS: 30 };
const HOTP: HotpToken = { ...CODE, kind: 'hotp', base: 0, first: 0 };

test('a counted code is right as a naive model says, for any past', () => {
  const numbers = fc.nat({ max: 60 });
  const property = fc.property(numbers, fc.option(numbers), numbers, (base, used, shown) => {
    const token = { ...HOTP, base, first: base + 1 };
    const code = codeAt(hmac, token, shown);
    const last = Math.max(base, used ?? 0);
    let expected: number | null = null;
    for (let counter = last + 20; counter > last; counter--) {
      if (codeAt(hmac, token, counter) === code) expected = counter;
    }
    const match = matchCode(token, code, used, 0);
    assert.equal(match === 'used' || match === null ? null : match.counter, expected);
  });
  fc.assert(property);
});

test('a time-based code is right for the step before, this one and the next, unless used', () => {
  const steps = fc.record({
    now: fc.integer({ min: 5, max: 1e8 }),
    off: fc.integer({ min: -4, max: 4 }),
  });
  const property = fc.property(steps, fc.integer({ min: -4, max: 4 }), ({ now, off }, usedOff) => {
    const code = codeAt(hmac, TOTP, now + off);
    const match = matchCode(TOTP, code, now + usedOff, now * 30_000 + 29_999);
    const near = [-1, 0, 1].filter((step) => codeAt(hmac, TOTP, now + step) === code);
    const fresh = near.find((step) => step > usedOff);
    if (near.length === 0) assert.equal(match, null);
    else assert.deepEqual(match, fresh === undefined ? 'used' : { counter: now + fresh });
  });
  fc.assert(property);
});

test('codes of other lengths, and none, are wrong', () => {
  for (const code of ['', '0', '75522', '7552240', '755224 ', '٧٥٥٢٢٤']) {
    assert.equal(matchCode(HOTP, code, null, 0), null, code);
  }
  assert.deepEqual(matchCode(HOTP, '755224', null, 0), { counter: 0 });
});

test('a recovery code belongs to one secret', () => {
  const other = { ...TOTP, secret: Buffer.from('another') };
  const hashes = ['x', hashRecoveryCode(TOTP, 'abcdefgh2345')];
  assert.equal(matchRecovery(TOTP, 'abcdefgh2345', hashes), hashes[1]);
  assert.equal(matchRecovery(TOTP, 'abcdefgh2346', hashes), null);
  assert.equal(matchRecovery(other, 'abcdefgh2345', hashes), null);
  assert.equal(matchRecovery(TOTP, 'abcdefgh2345', []), null);
});

test('a token is another with another owner, secret or way of counting', () => {
  const ids = [
    tokenId('alice', TOTP),
    tokenId('bob', TOTP),
    tokenId('alice', HOTP),
    tokenId('alice', { ...TOTP, periodS: 60 }),
    tokenId('alice', { ...TOTP, secret: Buffer.from('another') }),
    tokenId('alice 1', { ...TOTP, secret: Buffer.from('2') }),
    tokenId('alice', { ...TOTP, secret: Buffer.from('1 2') }),
  ];
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(tokenId('alice', { ...HOTP, base: 9, first: 10 }), tokenId('alice', HOTP));
});
