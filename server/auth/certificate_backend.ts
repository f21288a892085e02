// The step "certificate": who somebody is, by the certificate that TLS has verified. It asks
// nothing; a certificate that is not sound never comes here.
import { readIdentity } from '../../certs/client_identity.ts';
import type { ClientCertificate, Peer } from '../../core/ipc/messages.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { Backend, Credentials, Round } from './backend.ts';

export interface CertificateBackendOptions {
  /** Where the user name stands: CN, UID, SAN:email, SAN:upn, an OID. */
  readonly userField: string;
  /** Where the groups stand. */
  readonly groupField: string;
}

export class CertificateBackend implements Backend {
  readonly name = 'certificate';
  readonly #logger: Logger;
  readonly #options: CertificateBackendOptions;

  constructor({ logger }: { readonly logger: Logger }, options: CertificateBackendOptions) {
    this.#logger = logger;
    this.#options = options;
  }

  verify({ certificate, peer }: Credentials, signal: AbortSignal): Promise<Round> {
    if (signal.aborted) {
      return Promise.resolve({ kind: 'unavailable', reason: 'The login was given up' });
    }
    return Promise.resolve(this.#judge(certificate, peer));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #judge(certificate: ClientCertificate | null, peer: Peer): Round {
    // Why it is not sound has been logged with the request.
    if (certificate === null || certificate.error !== null) return { kind: 'refused' };
    const identity = readIdentity(certificate.der, this.#options);
    if ('user' in identity) return { kind: 'accepted', ...identity };
    const { reason } = identity;
    this.#logger.info({ event: 'certificate.refused', reason }, 'client certificate refused');
    this.#logger.debug({ reason, peer }, 'client certificate refused came from');
    return { kind: 'refused' };
  }
}
