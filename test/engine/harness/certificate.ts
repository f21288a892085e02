// Server certificates for the tests.
import { createAuthority, issueServerCertificate } from '../../../certs/authority.ts';
import type { TlsSettings } from '../../../core/ipc/messages.ts';

let made: Promise<TlsSettings> | undefined;

/** The same for all tests of a process. */
export const testTls = (): Promise<TlsSettings> => (made ??= makeTls('localhost'));

/** A new certificate whose subject is that name. */
export async function makeTls(name: string): Promise<TlsSettings> {
  const now = Date.now();
  const authority = await createAuthority('wolfguard test', now);
  const identity = { dnsNames: [name], addresses: [] };
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
