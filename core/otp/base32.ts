// Base32 as one-time passwords' secrets are written and typed [rfc4648 6].

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Without padding, which apps leave out of otpauth URIs. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31] ?? '';
    }
  }
  return bits === 0 ? text : text + (ALPHABET[(held << (5 - bits)) & 31] ?? '');
}

/**
 * The bytes, whatever the case and with blanks, hyphens and padding where people leave them; null
 * for another character, nothing at all, or a length that no number of bytes has.
 */
export function decodeBase32(text: string): Uint8Array | null {
  const digits = text
    .replace(/[\s-]/g, '')
    .replace(/={1,6}$/, '')
    .toUpperCase();
  // 1, 3 and 6 characters over are no whole byte more than the group before.
  if (digits === '' || [1, 3, 6].includes(digits.length % 8)) return null;
  const bytes = new Uint8Array(Math.floor((digits.length * 5) / 8));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value === -1) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[length] = (held >> bits) & 0xff;
      length += 1;
    }
  }
  return bytes;
}
