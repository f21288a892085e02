// The cryptography of one-time passwords: comparing codes, hashing recovery codes.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { codeAt, countersNow, isFresh } from '../../core/otp/token.ts';
import type { Hmac, Token } from '../../core/otp/token.ts';
import type { EpochMs } from '../../core/units.ts';

// 128 bits: nobody finds two codes with one hash.
const RECOVERY_HASH_BYTES = 16;

export const hmac: Hmac = (algorithm, key, message) =>
  createHmac(algorithm, key).update(message).digest();

/** A code that is right: its counter, or that it has been used before. null = wrong. */
export type Match = { readonly counter: number } | 'used' | null;

/** Compares with every code that may be good now, whichever it is that fits. */
export function matchCode(
  token: Token,
  code: string,
  lastUsed: number | null,
  now: EpochMs,
): Match {
  let match: Match = null;
  for (const counter of countersNow(token, lastUsed, now)) {
    if (!sameText(codeAt(hmac, token, counter), code)) continue;
    if (isFresh(token, lastUsed, counter)) {
      if (match === null || match === 'used') match = { counter };
    } else {
      match ??= 'used';
    }
  }
  return match;
}

/**
 * What is stored of a recovery code, given without hyphens and in lower case. Bound to the secret:
 * a new secret voids the codes of the old. Not slow to compute as a password's hash is, because
 * whoever can read it can read the secret beside it.
 */
export const hashRecoveryCode = (token: Token, code: string): string =>
  createHmac('sha256', token.secret)
    .update(`recovery ${code}`)
    .digest()
    .subarray(0, RECOVERY_HASH_BYTES)
    .toString('base64url');

/** The stored hash that the code has; compares with all of them. null = none. */
export function matchRecovery(
  token: Token,
  code: string,
  hashes: readonly string[],
): string | null {
  const hash = hashRecoveryCode(token, code);
  return hashes.filter((stored) => sameText(stored, hash))[0] ?? null;
}

/**
 * What a token is known by where its secret must not be. Another secret is another token, and so is
 * another way of counting.
 */
export function tokenId(name: string, token: Token): string {
  const counting = token.kind === 'totp' ? `totp ${token.periodS}` : 'hotp';
  return createHash('sha256')
    .update(`${counting} ${Buffer.byteLength(name)} ${name} `)
    .update(token.secret)
    .digest('base64url');
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
