// A line of liboath's users file, as pam_oath and ocserv use it:
//
//   HOTP/T30/6  user  -  hexsecret  [counter  [last code  [when]]]
//
// We read such files and never write them. With a last code, the counter is that code's.
import type { Token } from '../../core/otp/token.ts';

export type LiboathLine =
  { readonly name: string; readonly token: Token } | { readonly problem: string };

/** HOTP, HOTP/E/7 count events; HOTP/T30, HOTP/T60/8 the time. Digits are 6 where not given. */
const TYPE = /^HOTP(?:\/(E|T30|T60)(?:\/([678]))?)?$/;

/** null: this is no line of such a file. */
export function parseLiboathLine(line: string): LiboathLine | null {
  const [type = '', name, pin, secretText, counterText = '0', lastCode] = line.trim().split(/\s+/);
  if (name === undefined || !type.startsWith('HOTP')) return null;
  const [, counting = 'E', digitsText = '6'] = TYPE.exec(type) ?? [];
  if (!TYPE.test(type)) return { problem: 'has a token type that is not known' };
  if (pin !== '-' && pin !== '+') {
    return { problem: 'has a PIN, which is not supported: write - or + and use a step "file"' };
  }
  if (secretText === undefined || !/^(?:[0-9a-f]{2})+$/i.test(secretText)) {
    return { problem: 'has a secret that is not hexadecimal' };
  }
  const counter = Number(counterText);
  if (!/^\d+$/.test(counterText) || !Number.isSafeInteger(counter)) {
    return { problem: 'has a counter that is not a number' };
  }
  const secret = Buffer.from(secretText, 'hex');
  const code = { secret, algorithm: 'sha1', digits: Number(digitsText) } as const;
  const token: Token =
    counting === 'E'
      ? { ...code, kind: 'hotp', base: counter, first: counter + (lastCode === undefined ? 0 : 1) }
      : { ...code, kind: 'totp', periodS: Number(counting.slice(1)) };
  return { name, token };
}
