// The OCSP response that is stapled to the server's certificate.
import { X509Certificate } from 'node:crypto';
import { WolfguardError } from '../core/error.ts';
import type { EpochMs } from '../core/units.ts';
import { readOcspResponse } from '../core/x509/ocsp_response.ts';
import { hasEnded } from '../core/x509/term.ts';
import type { Term } from '../core/x509/term.ts';
import { readNamedBytes } from './files.ts';

export interface Stapled {
  /** DER; null = better none than this one. */
  readonly response: Uint8Array | null;
  readonly terms: readonly Term[];
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/** Reads `tls.ocsp_response` and checks that it is about the certificate; throws WolfguardError. */
export function readStapled(path: string, certificatePem: string, now: EpochMs): Stapled {
  const bytes = readNamedBytes(path, 'OCSP response');
  const statuses = readOcspResponse(bytes);
  if (statuses === undefined) {
    throw new WolfguardError(
      'TLS_OCSP',
      `${path} holds no OCSP response: tls.ocsp_response names one as DER, as "openssl ocsp -respout" writes it`,
    );
  }
  const { serialNumber } = new X509Certificate(certificatePem);
  const own = statuses.find(({ serial }) => serial === serialNumber.toLowerCase());
  if (own === undefined) {
    throw new WolfguardError(
      'TLS_OCSP',
      `the OCSP response ${path} is about another certificate than the first of tls.certificate`,
    );
  }
  const { status, thisUpdate: from, nextUpdate: until } = own;
  const term: Term = { what: 'OCSP response', path, from, until };
  if (status === 'good') {
    // Clients that look at it would end the handshake; without any, most go on.
    return { response: hasEnded(term, now) ? null : bytes, terms: [term], warnings: [] };
  }
  const warning = `the OCSP response ${path} says "${status}" of the server's certificate: it is not stapled`;
  return { response: null, terms: [], warnings: [warning] };
}
