// Hashes as crypt(3) makes them, $6$: what ocserv reads, and every system beside it. After "Unix
// crypt using SHA-256 and SHA-512" by Ulrich Drepper, whose step numbers stand at the lines.
import { createHash, randomInt } from 'node:crypto';

export interface Sha512Salt {
  /** Of the alphabet below, 16 at most count. */
  readonly salt: string;
  readonly rounds: number;
}

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SALT_CHARACTERS = 16;
const DIGEST_BYTES = 64;
/** What crypt(3) takes where no number is given. */
const USUAL_ROUNDS = 5000;
/** Four times the usual: ocserv checks one password after another, and must not stand still. */
const OUR_ROUNDS = 20_000;

export const newSalt = (): Sha512Salt => ({
  salt: Array.from({ length: SALT_CHARACTERS }, () => ALPHABET[randomInt(64)]).join(''),
  rounds: OUR_ROUNDS,
});

/** The whole third field: "$6$rounds=N$SALT$HASH". */
export function sha512Crypt(password: string, { salt, rounds }: Sha512Salt): string {
  const key = Buffer.from(password);
  const seasoning = Buffer.from(salt.slice(0, SALT_CHARACTERS));
  const first = firstDigest(key, seasoning);
  // 13-16, 17-20
  const p = stretched(digest(...Array.from(key, () => key)), key.length);
  const times = 16 + (first[0] ?? 0);
  const s = stretched(digest(...Array.from({ length: times }, () => seasoning)), seasoning.length);
  // 21
  let last = first;
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    last = digest(
      odd ? p : last,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? last : p,
    );
  }
  const named = rounds === USUAL_ROUNDS ? '' : `rounds=${rounds}$`;
  return `$6$${named}${seasoning.toString()}$${encoded(last)}`;
}

/** 1-12: digest A. */
function firstDigest(key: Buffer, salt: Buffer): Buffer {
  const b = digest(key, salt, key);
  const bits: Buffer[] = [];
  for (let length = key.length; length > 0; length >>= 1) bits.push(length % 2 === 1 ? b : key);
  return digest(key, salt, stretched(b, key.length), ...bits);
}

const digest = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Repeated to that length. */
const stretched = (block: Buffer, length: number): Buffer =>
  Buffer.alloc(length, block.subarray(0, Math.min(length, DIGEST_BYTES)));

/** 22: three bytes become four characters, low bits first; the bytes in an order of their own. */
function encoded(bytes: Buffer): string {
  const THIRD = 21;
  let text = '';
  for (let n = 0; n < THIRD; n++) {
    const three = [n, n + THIRD, n + 2 * THIRD];
    // Each group begins one further to the right than the one before it.
    const [high = 0, middle = 0, low = 0] = three.map((_, at) => bytes[three[(at + n) % 3] ?? 0]);
    text += characters((high << 16) | (middle << 8) | low, 4);
  }
  return text + characters(bytes[DIGEST_BYTES - 1] ?? 0, 2);
}

const characters = (value: number, count: number): string =>
  Array.from({ length: count }, (_, n) => ALPHABET[(value >> (6 * n)) & 63]).join('');
