// PKCS#12 files by the OpenSSL inside the node binary: @peculiar/x509 and node:crypto write none.
import { loadAddon } from './addon.ts';

export interface Pkcs12Contents {
  readonly certificatePem: string;
  /** Not encrypted. */
  readonly privateKeyPem: string;
  /** The issuers; '' = none. */
  readonly chainPem: string;
  /** What people read in their list of certificates. */
  readonly name: string;
  readonly passphrase: string;
  /** 3DES and SHA-1, for programs older than 2020; else AES-256 and SHA-256. */
  readonly legacy: boolean;
}

/** The bytes of a .p12 file [rfc7292]; throws with OpenSSL's reason. */
export const createPkcs12 = (contents: Pkcs12Contents): Uint8Array =>
  loadAddon()['createPkcs12']?.(contents) as Uint8Array;
