// What client certificates are checked against: the authorities that vouch for them and the lists of
// those that are revoked. Both become PEM, checked here, where a mistake can still be named.
import { Buffer } from 'node:buffer';
import { verify, X509Certificate } from 'node:crypto';
import { WolfguardError } from '../core/error.ts';
import { readCertificateNames } from '../core/x509/certificate.ts';
import { derOf, pemBlocks, toPem } from '../core/x509/pem.ts';
import { readRevocationListHead } from '../core/x509/revocation_list.ts';
import type { RevocationListHead } from '../core/x509/revocation_list.ts';
import type { Term } from '../core/x509/term.ts';
import { readNamedBytes } from './files.ts';

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

export interface Revocations {
  /** All lists. */
  readonly pem: string;
  readonly terms: readonly Term[];
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/**
 * The lists of `tls.client_crl`, from PEM or DER. Their entries are the engine's to read; here each
 * must be whole, and signed by its authority if that is in `authorityPem`. Throws WolfguardError.
 */
export function readRevocations(path: string, authorityPem: string): Revocations {
  const bytes = readNamedBytes(path, 'revocation list');
  const blocks = pemBlocks(bytes, 'X509 CRL');
  // DER begins with a SEQUENCE.
  if (blocks.length === 0 && bytes[0] !== 0x30) {
    throw new WolfguardError(
      'TLS_CLIENT_CRL',
      `${path} holds no revocation list: tls.client_crl names one or more as PEM (-----BEGIN X509 CRL-----), or one as DER`,
    );
  }
  const lists = blocks.length > 0 ? blocks : [toPem(bytes, 'X509 CRL')];
  const authorities = pemBlocks(Buffer.from(authorityPem), 'CERTIFICATE').map(
    (block) => new X509Certificate(block),
  );
  const heads = lists.map((list, index) => readHead(list, `list ${index + 1} in ${path}`));
  const known = new Set<X509Certificate>();
  const strangers = heads.filter((head, index) => {
    const issuers = authorities.filter((authority) => isIssuer(authority, head));
    if (issuers.length === 0) return true;
    if (!issuers.some((issuer) => hasSigned(issuer, head))) {
      throw new WolfguardError(
        'TLS_CLIENT_CRL',
        `list ${index + 1} in ${path} is damaged, or was not signed by the authority of that name in tls.client_ca`,
      );
    }
    for (const issuer of issuers) known.add(issuer);
    return false;
  });
  return {
    pem: lists.join(''),
    terms: heads.map(({ thisUpdate: from, nextUpdate: until }) => ({
      what: 'revocation list',
      path,
      from,
      until,
    })),
    warnings: [
      ...(strangers.length === 0
        ? []
        : [
            `${path} holds a revocation list of an authority that is not in tls.client_ca: it is of no use`,
          ]),
      ...authorities
        .filter((authority) => !known.has(authority))
        .map(
          ({ subject }) =>
            `${path} holds no revocation list of ${subject.replaceAll('\n', ', ')}: certificates that this authority has signed are refused`,
        ),
    ],
  };
}

function readHead(pem: string, what: string): RevocationListHead {
  const head = readRevocationListHead(derOf(pem));
  if (head !== undefined) return head;
  throw new WolfguardError('TLS_CLIENT_CRL', `${what} is no revocation list, or a damaged one`);
}

const isIssuer = (authority: X509Certificate, { issuer }: RevocationListHead): boolean =>
  Buffer.compare(readCertificateNames(authority.raw)?.subject ?? new Uint8Array(), issuer) === 0;

/** True as well where the algorithm is unknown: the engine knows more, and looks for itself. */
function hasSigned(
  { publicKey }: X509Certificate,
  { signed, signature, signatureAlgorithm }: RevocationListHead,
): boolean {
  const hash = HASHES[signatureAlgorithm];
  try {
    return hash === undefined || verify(hash, signed, publicKey, signature);
  } catch {
    return false; // A key of another kind than the signature.
  }
}

/** By the OID of the signature's algorithm: RSA (PKCS #1 v1.5), then ECDSA. */
const HASHES: Readonly<Partial<Record<string, string>>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
