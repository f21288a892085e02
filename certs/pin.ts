import { createHash, X509Certificate } from 'node:crypto';

/**
 * The pin of a certificate as `openconnect --servercert` takes it: "pin-sha256:" and the base64
 * form of SHA-256 over the DER SubjectPublicKeyInfo [rfc7469 2.4]. It names the key, not the
 * certificate: a renewal with the same key keeps it.
 */
export function pinOf(certificatePem: string): string {
  const spki = new X509Certificate(certificatePem).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  return `pin-sha256:${createHash('sha256').update(spki).digest('base64')}`;
}
