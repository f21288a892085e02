// One-time passwords: what a token is and which code it shows at a counter [rfc4226 5.3, rfc6238 4].
import type { EpochMs } from '../units.ts';

export type OtpAlgorithm = 'sha1' | 'sha256' | 'sha512';

interface Code {
  readonly secret: Uint8Array;
  readonly algorithm: OtpAlgorithm;
  /** 6, 7 or 8. */
  readonly digits: number;
}

/** Counts by the clock. */
export interface TotpToken extends Code {
  readonly kind: 'totp';
  readonly periodS: number;
}

/** Counts the codes that it has shown. */
export interface HotpToken extends Code {
  readonly kind: 'hotp';
  /** No code below this one is good. */
  readonly first: number;
  /** The look-ahead starts here: `first`, or one less where that code is known to be used. */
  readonly base: number;
}

export type Token = TotpToken | HotpToken;

/** HMAC of the algorithm: the core has no cryptography of its own. */
export type Hmac = (algorithm: OtpAlgorithm, key: Uint8Array, message: Uint8Array) => Uint8Array;

// What every app assumes where nothing is said.
export const DEFAULT_ALGORITHM: OtpAlgorithm = 'sha1';
export const DEFAULT_DIGITS = 6;
export const DEFAULT_PERIOD_S = 30;

// One step each way, as [rfc6238 5.2] has it: clocks differ, and people are slow to type.
const TOTP_STEPS = 1;
// As ocserv: a token's button that is pressed in a pocket is forgiven this often.
const HOTP_LOOK_AHEAD = 20;

/** The code at a counter, which is a whole number up to 2^53. */
export function codeAt(hmac: Hmac, { secret, algorithm, digits }: Token, counter: number): string {
  const message = new Uint8Array(8);
  new DataView(message.buffer).setBigUint64(0, BigInt(counter));
  const mac = hmac(algorithm, secret, message);
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
  const number = (view.getUint32(offset) & 0x7fffffff) % 10 ** digits;
  return String(number).padStart(digits, '0');
}

/**
 * The counters whose codes may be good now, in the order in which they are to be tried. As many
 * whatever has been used: how long the search takes tells nothing.
 */
export function countersNow(token: Token, lastUsed: number | null, now: EpochMs): number[] {
  if (token.kind === 'totp') {
    const current = Math.floor(now / 1000 / token.periodS);
    return range(Math.max(0, current - TOTP_STEPS), current + TOTP_STEPS);
  }
  const base = Math.max(token.base, lastUsed ?? 0);
  return range(base, base + HOTP_LOOK_AHEAD);
}

/** Whether the code at a counter has not been used, nor any after it: a code works once. */
export const isFresh = (token: Token, lastUsed: number | null, counter: number): boolean =>
  counter > (lastUsed ?? -1) && (token.kind === 'totp' || counter >= token.first);

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
