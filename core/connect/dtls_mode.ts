// Which DTLS handshake a tunnel gets, if any [oc 8.2, 8.3, 8.7].
import type { ConnectFacts } from './connect_request.ts';

export type DtlsMode =
  | { readonly kind: 'off' }
  | { readonly kind: 'psk' }
  /** Resumption with the client's master secret; the suite's name goes back in that header. */
  | {
      readonly kind: 'legacy';
      readonly header: 'X-DTLS-CipherSuite' | 'X-DTLS12-CipherSuite';
      readonly suite: string;
      readonly masterSecret: Uint8Array;
    };

export interface DtlsPolicy {
  /** A UDP port is open and this session may use it. */
  readonly udp: boolean;
  readonly legacy: boolean;
}

export function chooseDtls(facts: ConnectFacts, policy: DtlsPolicy): DtlsMode {
  if (!policy.udp) return { kind: 'off' };
  // openconnect names it first or last, by the TLS library it was built with [oc 5.1].
  if (facts.dtlsSuites.includes('PSK-NEGOTIATE')) return { kind: 'psk' };
  const { masterSecret } = facts;
  if (!policy.legacy || masterSecret === null) return { kind: 'off' };
  // The engine resumes RSA-AES256-GCM-SHA384 (0x009d), and the client puts into its fake session
  // exactly the suite that we name: an ECDHE name would be another number.
  if (facts.dtls12Suites.includes('AES256-GCM-SHA384'))
    return {
      kind: 'legacy',
      header: 'X-DTLS12-CipherSuite',
      suite: 'AES256-GCM-SHA384',
      masterSecret,
    };
  if (facts.dtlsSuites.includes('OC-DTLS1_2-AES256-GCM'))
    return {
      kind: 'legacy',
      header: 'X-DTLS-CipherSuite',
      suite: 'OC-DTLS1_2-AES256-GCM',
      masterSecret,
    };
  return { kind: 'off' };
}
