// The certificate authority of the quick start and what it issues: ECDSA P-256 throughout, which
// every client of the last fifteen years takes and whose handshake is the cheapest.
import { createPrivateKey, createPublicKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';

import type { EpochMs } from '../core/units.ts';
import type { ServerIdentity } from './identity.ts';
import { loadX509 } from './x509.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

const DAY_MS = 86_400_000;
/** The authority outlives every machine that a quick start is likely to run on. */
const AUTHORITY_DAYS = 3650;
/** Apple's systems refuse a server certificate valid for longer than 825 days. */
const SERVER_DAYS = 825;
/** A client whose clock is a little slow must not meet a certificate from its future. */
const BACKDATE_MS = 3_600_000;

/** A certificate and the private key to it, both PEM (the key as PKCS#8). */
export interface KeyPairPem {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Makes a new authority: CA:TRUE with path length 0, valid for ten years. */
export async function createAuthority(commonName: string, now: EpochMs): Promise<KeyPairPem> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...commonFields(now, AUTHORITY_DAYS),
    name: [{ CN: [commonName] }],
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificatePem: toPem(certificate.toString('pem')),
    privateKeyPem: exportKey(keys.privateKey),
  };
}

/**
 * Issues a server certificate for these names and addresses, valid for 825 days. With `keyPem`
 * the certificate is a renewal: same key, hence same pin; without, a new key is made.
 */
export async function issueServerCertificate(
  authority: KeyPairPem,
  identity: ServerIdentity,
  now: EpochMs,
  keyPem?: string,
): Promise<KeyPairPem> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const keys =
    keyPem === undefined
      ? await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify'])
      : await importKeys(keyPem);
  const certificate = await x509.X509CertificateGenerator.create({
    ...commonFields(now, SERVER_DAYS),
    subject: [{ CN: [commonNameOf(identity)] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: (await importKeys(authority.privateKeyPem)).privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...identity.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...identity.addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return {
    certificatePem: toPem(certificate.toString('pem')),
    privateKeyPem: exportKey(keys.privateKey),
  };
}

function commonFields(now: EpochMs, days: number) {
  const notBefore = now - BACKDATE_MS;
  return {
    serialNumber: randomSerial(),
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + days * DAY_MS),
    signingAlgorithm: SIGNATURE,
  };
}

/** 16 bytes; a first byte in 0x40-0x7f keeps the number positive and its length fixed. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** A common name holds 64 characters at most; the names that count are in subjectAltName. */
const commonNameOf = ({ dnsNames }: ServerIdentity): string =>
  dnsNames.find((name) => name.length <= 64) ?? 'wolfguard';

async function importKeys(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = createPrivateKey(keyPem);
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, P256, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, P256, true, ['verify']),
  };
}

function exportKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' });
}

const toPem = (pem: string): string => `${pem.trim()}\n`;
