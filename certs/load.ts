// Loads what the TLS port presents: a chain and its private key, checked against each other here,
// where the mistake can still be named, instead of in the middle of somebody's handshake.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

import { WolfguardError } from '../core/error.ts';
import type { Term } from '../core/x509/term.ts';
import { readNamedFile } from './files.ts';
import { pinOf } from './pin.ts';

/** A checked server certificate. */
export interface ServerCertificate {
  /** Leaf first, each issuer behind what it issued. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  readonly pin: string;
  /** 'rsa', 'ec' …: TLS takes one certificate of each. */
  readonly keyType: string;
  readonly term: Term;
  /** Sentences worth a line in the log: the chain is out of order. */
  readonly warnings: readonly string[];
}

/** Where a certificate and its key are; `passphrase` null = the key is not encrypted. */
export interface ServerCertificatePaths {
  readonly certificate: string;
  readonly privateKey: string;
  readonly passphrase: string | null;
}

/** Reads and checks `tls.certificate` and `tls.private_key`; throws WolfguardError. */
export function loadServerCertificate(paths: ServerCertificatePaths): ServerCertificate {
  if (paths.privateKey.startsWith('pkcs11:')) {
    throw new WolfguardError(
      'TLS_KEY',
      'tls.private_key: keys on PKCS#11 tokens are not available yet; name a PEM file',
    );
  }
  const chain = parseChain(readNamedFile(paths.certificate, 'certificate'), paths.certificate);
  const written = readNamedFile(paths.privateKey, 'private key');
  const key = parseKey(written, paths);
  const leaf = chain.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined) {
    throw new WolfguardError(
      'TLS_MISMATCH',
      `the private key ${paths.privateKey} does not belong to the certificate in ${paths.certificate}; name the pair that was made together`,
    );
  }
  const ordered = orderFrom(leaf, chain);
  return {
    certificateChainPem: ordered.map(String).join(''),
    privateKeyPem: isEncrypted(written) ? key.export({ type: 'pkcs8', format: 'pem' }) : written,
    pin: pinOf(leaf.toString()),
    keyType: key.asymmetricKeyType ?? '',
    term: {
      what: 'certificate',
      path: paths.certificate,
      from: leaf.validFromDate.getTime(),
      until: leaf.validToDate.getTime(),
    },
    warnings:
      leaf === chain[0]
        ? []
        : [
            `${paths.certificate} does not begin with the server's own certificate; it is sent first all the same`,
          ],
  };
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function parseChain(pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw new WolfguardError(
      'TLS_CERTIFICATE',
      `${path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`,
    );
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new WolfguardError('TLS_CERTIFICATE', `certificate ${index + 1} in ${path} is damaged`);
    }
  });
}

const isEncrypted = (pem: string): boolean => pem.includes('ENCRYPTED');

function parseKey(
  pem: string,
  { privateKey: path, passphrase }: ServerCertificatePaths,
): KeyObject {
  if (isEncrypted(pem) && passphrase === null) {
    throw new WolfguardError(
      'TLS_KEY',
      `the private key ${path} is protected by a passphrase: write that into a file that only root may read, and name it in tls.private_key_passphrase_file`,
    );
  }
  try {
    return createPrivateKey({ key: pem, passphrase: passphrase ?? undefined });
  } catch (error) {
    if (isEncrypted(pem) && (error as NodeJS.ErrnoException).code === 'ERR_OSSL_EVP_UNSUPPORTED') {
      throw new WolfguardError(
        'TLS_KEY',
        `the private key ${path} is protected in a way that is no longer safe: write it anew with "openssl pkcs8 -topk8 -v2 aes256 -provider legacy -provider default -in ${path} -out NEW"`,
      );
    }
    throw new WolfguardError(
      'TLS_KEY',
      isEncrypted(pem)
        ? `the passphrase in tls.private_key_passphrase_file does not open the private key ${path}`
        : `${path} holds no private key in PEM form`,
    );
  }
}

/** The leaf, then issuer after issuer; what does not belong to the chain is left out. */
function orderFrom(leaf: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] {
  const ordered = [leaf];
  for (;;) {
    const last = ordered.at(-1) ?? leaf;
    const issuer = all.find(
      (candidate) => !ordered.includes(candidate) && last.checkIssued(candidate),
    );
    if (issuer === undefined) return ordered;
    ordered.push(issuer);
  }
}
