// Server certificates for the tests.
import { KeyObject, webcrypto } from 'node:crypto';
import { createAuthority, issueServerCertificate } from '../../../certs/authority.ts';
import { loadX509 } from '../../../certs/x509.ts';
import type { TlsSettings } from '../../../core/ipc/messages.ts';

let made: Promise<TlsSettings> | undefined;

/** The same main server for all tests of a process. */
export const testTls = (): Promise<TlsSettings> => (made ??= makeTls('localhost'));

/** A main server with a new certificate for that name. */
export async function makeTls(subject: string): Promise<TlsSettings> {
  const now = Date.now();
  const authority = await createAuthority('wolfguard test', now);
  const identity = { dnsNames: [subject], addresses: [] };
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, identity, now);
  return {
    name: '',
    certificates: [{ chainPem: certificatePem, privateKeyPem }],
    ocspResponse: null,
    clientCaPem: '',
    clientCrlPem: '',
    minVersion: '1.2',
    groups: 'X25519:P-256',
    ciphers: '',
  };
}

/** The same as a virtual host, by default with a certificate for its own name. */
export const makeHost = async (name: string, subject = name): Promise<TlsSettings> => ({
  ...(await makeTls(subject)),
  name,
});

/** Its only certificate and key. */
export function pairOf({ certificates }: TlsSettings): TlsSettings['certificates'][number] {
  const [pair] = certificates;
  if (pair === undefined) throw new Error('a host without a certificate');
  return pair;
}

/** A certificate with an RSA key, signed by itself. */
export async function makeRsaPair(subject: string): Promise<TlsSettings['certificates'][number]> {
  const x509 = await loadX509();
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: [{ CN: [subject] }],
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
  });
  return {
    chainPem: `${certificate.toString('pem')}\n`,
    privateKeyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }),
  };
}
