// A throw-away server certificate, made by another program than the one under test.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createHash, X509Certificate } from 'node:crypto';
import path from 'node:path';

export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** What openconnect's --servercert takes. */
  readonly pin: string;
}

/** A self-signed ECDSA P-256 certificate for these IP addresses, valid for two months: wolfguard warns of one that ends sooner. */
export function makeCertificate(directory: string, addresses: readonly string[]): Certificate {
  const certificatePath = path.join(directory, 'server.pem');
  const keyPath = path.join(directory, 'server.key');
  const names = addresses.map((address) => `IP:${address}`).join(',');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', '/CN=scenario', '-addext', `subjectAltName=${names}`, '-days', '60'],
      ...['-keyout', keyPath, '-out', certificatePath],
    ],
    { stdio: 'pipe' },
  );
  const { publicKey } = new X509Certificate(readFileSync(certificatePath));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const pin = `pin-sha256:${createHash('sha256').update(spki).digest('base64')}`;
  return { certificatePath, keyPath, pin };
}
