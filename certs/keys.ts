// The kinds of keys that certificates are made for, and their way into WebCrypto and out of it.
import { createPrivateKey, createPublicKey, KeyObject, webcrypto } from 'node:crypto';
import { WolfguardError } from '../core/error.ts';

/** The first is the default: every client of the last fifteen years takes it, and it is the fastest. */
export const KEY_KINDS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export interface Keys {
  readonly pair: webcrypto.CryptoKeyPair;
  /** How it signs. */
  readonly signature: { readonly name: string; readonly hash: string };
  readonly isRsa: boolean;
}

export async function generateKeys(kind: KeyKind): Promise<Keys> {
  const { algorithm, signature } = EC[kind] ?? rsa(Number(kind.slice('rsa-'.length)));
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return { pair, signature, isRsa: kind.startsWith('rsa') };
}

/** The keys of a private key that is not encrypted; `what` names it. Throws WolfguardError. */
export async function importKeys(keyPem: string, what = 'the private key'): Promise<Keys> {
  const privateKey = parse(keyPem, what);
  const { algorithm, signature } = algorithmOf(privateKey, what);
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const { subtle } = webcrypto;
  return {
    pair: {
      privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
      publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
    },
    signature,
    isRsa: privateKey.asymmetricKeyType === 'rsa',
  };
}

/** PKCS#8 */
export const exportKey = ({ pair }: Keys): string =>
  KeyObject.from(pair.privateKey).export({ type: 'pkcs8', format: 'pem' });

const ec = (namedCurve: string, hash: string) => ({
  algorithm: { name: 'ECDSA', namedCurve },
  signature: { name: 'ECDSA', hash },
});

const EC: Readonly<Partial<Record<string, ReturnType<typeof ec>>>> = {
  'ec-p256': ec('P-256', 'SHA-256'),
  'ec-p384': ec('P-384', 'SHA-384'),
};

const CURVES: Readonly<Partial<Record<string, KeyKind>>> = {
  prime256v1: 'ec-p256',
  secp384r1: 'ec-p384',
};

function rsa(modulusLength: number) {
  const signature = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const publicExponent = Uint8Array.of(1, 0, 1);
  return { algorithm: { ...signature, modulusLength, publicExponent }, signature };
}

function parse(keyPem: string, what: string): KeyObject {
  try {
    return createPrivateKey(keyPem);
  } catch {
    throw new WolfguardError('KEY', `${what} is damaged, or protected by a passphrase`);
  }
}

function algorithmOf(key: KeyObject, what: string) {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const curve = EC[CURVES[details?.namedCurve ?? ''] ?? ''];
  if (type === 'ec' && curve !== undefined) return curve;
  if (type === 'rsa') return rsa(details?.modulusLength ?? 0);
  throw new WolfguardError('KEY', `${what} is of another kind than ${KEY_KINDS.join(', ')}`);
}
