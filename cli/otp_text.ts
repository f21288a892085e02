// What `wolfguard otp` shows once and never again.
import { renderUnicodeCompact } from 'uqr';
import { encodeBase32 } from '../core/otp/base32.ts';
import type { TotpToken } from '../core/otp/token.ts';
import { otpauthUri } from '../core/otp/uri.ts';

// The quiet zone is four modules by the standard; scanners make do with two, and the code must fit
// a terminal of 80 columns and 24 lines.
const QUIET_ZONE = 2;
// White on black whatever the terminal's colours are: few scanners read a code that is inverted.
const WHITE_ON_BLACK = '\u001b[97;40m';
const RESET = '\u001b[0m';

/** The QR code of a token and its secret for typing. `colour` is for terminals only. */
export function renderToken(
  token: TotpToken,
  about: { readonly issuer: string; readonly user: string; readonly colour: boolean },
): string {
  const uri = otpauthUri(token, about);
  const secret = encodeBase32(token.secret).replace(/(?<=^(?:.{4})+)(?=.)/g, ' ');
  return [
    ...renderQrCode(uri, about.colour),
    '',
    'Scan this with an authenticator app, or type the secret in (time-based):',
    '',
    `  ${secret}`,
    '',
    uri,
    '',
    '',
  ].join('\n');
}

/** The codes, and what they are for. */
export const renderRecovery = (codes: readonly string[]): string =>
  [
    'Recovery codes, shown this once. Each works one time in the place of a code of the app:',
    '',
    ...pairs(codes).map((pair) => `  ${pair.join('   ')}`),
    '',
  ].join('\n');

function renderQrCode(text: string, colour: boolean): string[] {
  const lines = renderUnicodeCompact(text, { border: QUIET_ZONE }).split('\n');
  return colour ? lines.map((line) => `${WHITE_ON_BLACK}${line}${RESET}`) : lines;
}

const pairs = (codes: readonly string[]): string[][] =>
  codes.flatMap((code, index) =>
    index % 2 === 0 ? [[code, ...codes.slice(index + 1, index + 2)]] : [],
  );
