// The step "certificate": who somebody is, by the certificate that TLS has verified. It asks
// nothing; a certificate that is not sound never comes here.
import type { Logger } from 'pino';
import { readIdentity } from '../../certs/client_identity.ts';
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

  async verify({ certificate }: Credentials): Promise<Round> {
    if (certificate === null || certificate.error !== null) return { kind: 'refused' };
    const identity = await readIdentity(certificate.der, this.#options);
    if ('reason' in identity) {
      this.#logger.info({ reason: identity.reason }, 'client certificate refused');
      return { kind: 'refused' };
    }
    return { kind: 'accepted', user: identity.user, groups: identity.groups };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
