// What a person typed where a code is expected, and how recovery codes are written.
import { encodeBase32 } from './base32.ts';

/**
 * 60 bits: 12 characters. Nobody guesses one through the login, and whoever tries to from the file
 * has the secret there.
 */
export const RECOVERY_BYTES = 8;
const RECOVERY_CHARACTERS = 12;

export type TypedCode =
  { readonly kind: 'otp' | 'recovery'; readonly code: string } | { readonly kind: 'nonsense' };

/** People type the gaps that they see, and capitals or not. */
export function readTypedCode(typed: string): TypedCode {
  const code = typed.replace(/[\s-]/g, '').toLowerCase();
  if (/^\d{6,8}$/.test(code)) return { kind: 'otp', code };
  return code.length === RECOVERY_CHARACTERS && /^[a-z2-7]*$/.test(code)
    ? { kind: 'recovery', code }
    : { kind: 'nonsense' };
}

/** "abcd-efgh-2345" out of RECOVERY_BYTES random bytes. */
export function renderRecoveryCode(random: Uint8Array): string {
  const code = encodeBase32(random).slice(0, RECOVERY_CHARACTERS).toLowerCase();
  return code.replace(/(?<=^(?:.{4})+)(?=.)/g, '-');
}
