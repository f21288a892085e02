// What client certificates are checked against: the authorities that vouch for them and the lists of
// those that are revoked. Both become PEM, checked here, where a mistake can still be named.
import { X509Certificate } from 'node:crypto';
import { WolfguardError } from '../core/error.ts';
import { readNamedBytes } from './files.ts';
import { pemBlocks, toPem } from './pem.ts';

/** The certificates of `tls.client_ca` as PEM; throws WolfguardError. */
export function readClientAuthority(path: string): string {
  const bytes = readNamedBytes(path, 'certificate authority of clients');
  const blocks = pemBlocks(bytes, 'CERTIFICATE');
  const certificates = blocks.length > 0 ? blocks : [toPem(bytes, 'CERTIFICATE')];
  for (const block of certificates) {
    try {
      new X509Certificate(block);
    } catch {
      throw new WolfguardError(
        'TLS_CLIENT_CA',
        `${path} holds no certificate, or a damaged one: tls.client_ca names the certificates of the authorities that sign for your users, as PEM or DER`,
      );
    }
  }
  return certificates.join('');
}

/** The lists of `tls.client_crl` as PEM, from PEM or DER; the engine looks at what they say. */
export function readRevocations(path: string): string {
  const bytes = readNamedBytes(path, 'revocation list');
  const blocks = pemBlocks(bytes, 'X509 CRL');
  // DER begins with a SEQUENCE.
  if (blocks.length === 0 && bytes[0] !== 0x30) {
    throw new WolfguardError(
      'TLS_CLIENT_CRL',
      `${path} holds no revocation list: tls.client_crl names one or more as PEM (-----BEGIN X509 CRL-----), or one as DER`,
    );
  }
  return blocks.length > 0 ? blocks.join('') : toPem(bytes, 'X509 CRL');
}
