// User-Password: not encrypted but hidden, in blocks of 16 bytes, each under a digest of the shared
// secret and what came before [rfc2865 5.2]:
//
//   c1 = p1 xor MD5(secret, request authenticator)      cN = pN xor MD5(secret, cN-1)
import type { Digests } from './digests.ts';

const BLOCK = 16;
export const MAX_PASSWORD_BYTES = 128;

/** `password`: at most 128 bytes without NUL, with which the last block is filled up. */
export function hidePassword(
  password: Uint8Array,
  { secret, authenticator }: { readonly secret: Uint8Array; readonly authenticator: Uint8Array },
  { md5 }: Pick<Digests, 'md5'>,
): Uint8Array {
  const hidden = new Uint8Array(Math.max(1, Math.ceil(password.length / BLOCK)) * BLOCK);
  hidden.set(password);
  let previous = authenticator;
  for (let at = 0; at < hidden.length; at += BLOCK) {
    const mask = md5(secret, previous);
    for (let i = 0; i < BLOCK; i++) hidden[at + i] = (hidden[at + i] ?? 0) ^ (mask[i] ?? 0);
    previous = hidden.subarray(at, at + BLOCK);
  }
  return hidden;
}
