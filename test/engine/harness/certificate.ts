// Server certificates for the tests.
import { createAuthority, issueServerCertificate } from '../../../certs/authority.ts';
import type { TlsOptions } from '../../../native/engine.ts';

let made: Promise<TlsOptions> | undefined;

/** The same for all tests of a process. */
export const testTls = (): Promise<TlsOptions> => (made ??= makeTls('localhost'));

/** A new certificate whose subject is that name. */
export async function makeTls(name: string): Promise<TlsOptions> {
  const now = Date.now();
  const authority = await createAuthority('wolfguard test', now);
  const identity = { dnsNames: [name], addresses: [] };
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, identity, now);
  return {
    certificateChainPem: certificatePem,
    privateKeyPem,
    minVersion: '1.2',
    groups: 'X25519:P-256',
    ciphers: '',
  };
}
