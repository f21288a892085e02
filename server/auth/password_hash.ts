// Stored password hashes, as text and as values:
//
//   $argon2id$v=19$m=19456,t=2,p=1$SALT$TAG   written and read; m in KiB
//   $scrypt$ln=17,r=8,p=1$SALT$TAG            read; N = 2^ln
//   $6$… $5$… $y$… $1$…                       crypt(3), read by the helper program
//
// SALT and TAG are standard base64 without padding, as in the PHC string format.
import { argon2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { askCrypt } from './crypt_helper.ts';
import type { CryptAnswer } from './crypt_helper.ts';

export type PasswordHash =
  | {
      readonly kind: 'argon2id';
      readonly memoryKiB: number;
      readonly passes: number;
      readonly parallelism: number;
      readonly salt: Buffer;
      readonly tag: Buffer;
    }
  | {
      readonly kind: 'scrypt';
      readonly logN: number;
      readonly blockSize: number;
      readonly parallelism: number;
      readonly salt: Buffer;
      readonly tag: Buffer;
    }
  | { readonly kind: 'crypt'; readonly text: string };

// OWASP's first choice for argon2id (2024): about 50 ms on one core.
const OURS = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;
// OWASP's figure for scrypt, N * r = 2^17 * 8: less counts as weak.
const SCRYPT_STRONG_WORK = 2 ** 17 * 8;
// What a line of the file may make us spend at most: 1 GiB.
const MAX_MEMORY_KIB = 2 ** 20;

const ARGON2ID = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([^$]+)\$([^$]+)$/;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]+)\$([^$]+)$/;
const CRYPT = /^\$(?:1|5|6|y)\$[\x21-\x39\x3b-\x7e]{1,380}$/;
const BASE64 = /^[A-Za-z0-9+/]+$/;

const argon2Async = promisify(argon2);

/** null if the text is no hash that we can check. */
export function parseHash(text: string): PasswordHash | null {
  if (CRYPT.test(text)) return { kind: 'crypt', text };
  return parseArgon2id(text) ?? parseScrypt(text);
}

/** A new argon2id hash in PHC form with a random salt; about 50 ms off the event loop. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const parameters = { ...OURS, message: password, nonce: salt, tagLength: TAG_BYTES };
  const tag = await argon2Async('argon2id', parameters);
  const { memory, passes, parallelism } = OURS;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

/** Is the password that of the hash? Never rejects for a hash that parseHash gave. */
export async function verifyPassword(
  hash: PasswordHash,
  password: string,
  crypt: typeof askCrypt = askCrypt,
): Promise<CryptAnswer> {
  switch (hash.kind) {
    case 'argon2id':
      return compare(hash.tag, await deriveArgon2id(hash, password));
    case 'scrypt':
      return compare(hash.tag, await deriveScrypt(hash, password));
    case 'crypt':
      return crypt(password, hash.text);
  }
}

/** Is the hash cheaper to attack than one that we would write now? */
export function isWeak(hash: PasswordHash): boolean {
  switch (hash.kind) {
    case 'argon2id':
      return (
        hash.memoryKiB < OURS.memory ||
        hash.passes < OURS.passes ||
        hash.salt.length < SALT_BYTES ||
        hash.tag.length < TAG_BYTES
      );
    case 'scrypt':
      return 2 ** hash.logN * hash.blockSize < SCRYPT_STRONG_WORK;
    case 'crypt':
      return true;
  }
}

/** A hash of nothing with our parameters: verifying against it takes as long as a real one. */
export const UNMATCHABLE_HASH: PasswordHash = {
  kind: 'argon2id',
  memoryKiB: OURS.memory,
  passes: OURS.passes,
  parallelism: OURS.parallelism,
  salt: randomBytes(SALT_BYTES),
  tag: randomBytes(TAG_BYTES),
};

function parseArgon2id(text: string): PasswordHash | null {
  const match = ARGON2ID.exec(text);
  if (match === null) return null;
  const [memoryKiB, passes, parallelism] = match.slice(1, 4).map(Number) as [
    number,
    number,
    number,
  ];
  const salt = fromBase64(match[4]);
  const tag = fromBase64(match[5]);
  const acceptable =
    parallelism >= 1 &&
    parallelism <= 16 &&
    memoryKiB >= 8 * parallelism &&
    memoryKiB <= MAX_MEMORY_KIB &&
    passes >= 1;
  if (!acceptable || !saneLengths(salt, tag)) return null;
  return { kind: 'argon2id', memoryKiB, passes, parallelism, salt, tag };
}

function parseScrypt(text: string): PasswordHash | null {
  const match = SCRYPT.exec(text);
  if (match === null) return null;
  const [logN, blockSize, parallelism] = match.slice(1, 4).map(Number) as [number, number, number];
  const salt = fromBase64(match[4]);
  const tag = fromBase64(match[5]);
  const acceptable =
    logN >= 1 &&
    blockSize >= 1 &&
    parallelism >= 1 &&
    parallelism <= 16 &&
    2 ** logN * blockSize * 128 <= MAX_MEMORY_KIB * 1024;
  if (!acceptable || !saneLengths(salt, tag)) return null;
  return { kind: 'scrypt', logN, blockSize, parallelism, salt, tag };
}

const saneLengths = (salt: Buffer, tag: Buffer): boolean =>
  salt.length >= 8 && salt.length <= 64 && tag.length >= 16 && tag.length <= 64;

const deriveArgon2id = (
  hash: PasswordHash & { kind: 'argon2id' },
  password: string,
): Promise<Buffer> =>
  argon2Async('argon2id', {
    message: password,
    nonce: hash.salt,
    memory: hash.memoryKiB,
    passes: hash.passes,
    parallelism: hash.parallelism,
    tagLength: hash.tag.length,
  });

function deriveScrypt(hash: PasswordHash & { kind: 'scrypt' }, password: string): Promise<Buffer> {
  const cost = 2 ** hash.logN;
  const options = {
    cost,
    blockSize: hash.blockSize,
    parallelization: hash.parallelism,
    // What scrypt needs, and room for OpenSSL's own sums.
    maxmem: 128 * hash.blockSize * (cost + hash.parallelism) + 2 ** 20,
  };
  return new Promise((resolve, reject) => {
    scrypt(password, hash.salt, hash.tag.length, options, (error, tag) => {
      if (error) reject(error);
      else resolve(tag);
    });
  });
}

const compare = (expected: Buffer, computed: Buffer): 'match' | 'no-match' =>
  timingSafeEqual(expected, computed) ? 'match' : 'no-match';

const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

/** Empty for what is not base64, which no length check lets through. */
const fromBase64 = (text: string | undefined): Buffer =>
  text !== undefined && BASE64.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
