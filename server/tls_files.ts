import { loadServerCertificate } from '../certs/load.ts';
import type { Config } from '../config/schema.ts';
import type { EpochMs } from '../core/units.ts';

export interface TlsFiles {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  readonly notAfter: EpochMs;
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/** Reads and checks the certificate and key of [tls]; throws WolfguardError. */
export const readTlsFiles = ({ tls }: Config, now: EpochMs): TlsFiles =>
  loadServerCertificate({ certificate: tls.certificate, privateKey: tls.private_key }, now);
