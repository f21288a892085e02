// The otpauth URI that authenticator apps read from a QR code
// (https://github.com/google/google-authenticator/wiki/Key-Uri-Format).
import { encodeBase32 } from './base32.ts';
import { DEFAULT_ALGORITHM, DEFAULT_DIGITS, DEFAULT_PERIOD_S } from './token.ts';
import type { TotpToken } from './token.ts';

/** What is as apps assume it anyway is left out: the QR code must fit a terminal. */
export function otpauthUri(
  token: TotpToken,
  { issuer, user }: { readonly issuer: string; readonly user: string },
): string {
  const parameters = [
    `secret=${encodeBase32(token.secret)}`,
    `issuer=${encodeURIComponent(issuer)}`,
    ...(token.algorithm === DEFAULT_ALGORITHM
      ? []
      : [`algorithm=${token.algorithm.toUpperCase()}`]),
    ...(token.digits === DEFAULT_DIGITS ? [] : [`digits=${token.digits}`]),
    ...(token.periodS === DEFAULT_PERIOD_S ? [] : [`period=${token.periodS}`]),
  ];
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(user)}`;
  return `otpauth://totp/${label}?${parameters.join('&')}`;
}
