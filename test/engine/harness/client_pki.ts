// An authority of clients' certificates with all that can be wrong with one.
import { KeyObject, webcrypto } from 'node:crypto';
import { loadX509 } from '../../../certs/x509.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

export interface Issued {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly serial: string;
}

export interface LeafOptions {
  /** From now; negative = it has expired. */
  readonly validForMs?: number;
  readonly usage?: 'client' | 'server';
}

interface Signer {
  readonly name: string;
  readonly key: webcrypto.CryptoKey;
}

export class ClientPki {
  readonly certificatePem: string;
  readonly #signer: Signer;
  #issued = 0;

  /** `parent`: who signs for it; none = itself. */
  static async create(name: string, parent?: ClientPki): Promise<ClientPki> {
    const x509 = await loadX509();
    const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const own = { name, key: keys.privateKey };
    const signer = parent === undefined ? own : parent.#signer;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: `0${++serials}`,
      ...validity(HOUR_MS),
      subject: [{ CN: [name] }],
      issuer: [{ CN: [signer.name] }],
      publicKey: keys.publicKey,
      signingKey: signer.key,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
      ],
    });
    return new ClientPki(`${certificate.toString('pem')}\n`, own);
  }

  private constructor(certificatePem: string, signer: Signer) {
    this.certificatePem = certificatePem;
    this.#signer = signer;
  }

  async issue(
    user: string,
    { validForMs = HOUR_MS, usage = 'client' }: LeafOptions = {},
  ): Promise<Issued> {
    const x509 = await loadX509();
    const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const serial = `10${String(++this.#issued).padStart(2, '0')}`;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      ...validity(validForMs),
      subject: [{ CN: [user] }],
      issuer: [{ CN: [this.#signer.name] }],
      publicKey: keys.publicKey,
      signingKey: this.#signer.key,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([
          usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
        ]),
      ],
    });
    return {
      certificatePem: `${certificate.toString('pem')}\n`,
      privateKeyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }),
      serial,
    };
  }

  /** The list of those that are revoked, as PEM. */
  async revoke(revoked: readonly Issued[], validForMs = HOUR_MS): Promise<string> {
    const x509 = await loadX509();
    const { notBefore: thisUpdate, notAfter: nextUpdate } = validity(validForMs);
    const list = await x509.X509CrlGenerator.create({
      issuer: [{ CN: [this.#signer.name] }],
      thisUpdate,
      nextUpdate,
      entries: revoked.map(({ serial }) => ({
        serialNumber: serial,
        revocationDate: thisUpdate,
      })),
      signingAlgorithm: SIGNATURE,
      signingKey: this.#signer.key,
    });
    // The usual label; the library has its own.
    return `${list.toString('pem').replaceAll(' CRL-', ' X509 CRL-')}\n`;
  }
}

let serials = 0;

function validity(validForMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 2 * HOUR_MS), notAfter: new Date(now + validForMs) };
}
