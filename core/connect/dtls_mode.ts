// Which DTLS handshake a tunnel gets, if any [oc 8.2, 8.3, 8.7].
import type { ConnectFacts } from './connect_request.ts';
import type { DtlsSuite } from './mtu.ts';

export type DtlsMode = { readonly kind: 'off' } | { readonly kind: 'psk' } | LegacyDtls;

/** Resumption with the client's master secret; the suite's name goes back in that header. */
export interface LegacyDtls {
  readonly kind: 'legacy';
  readonly header: LegacyHeader;
  readonly suite: string;
  /** IANA's number: the client puts exactly this suite into its made-up session. */
  readonly number: number;
  /** For the MTU. */
  readonly records: DtlsSuite;
  readonly masterSecret: Uint8Array;
}

export interface DtlsPolicy {
  /** A UDP port is open and this session may use it. */
  readonly udp: boolean;
  readonly legacy: boolean;
  /** The CPU has instructions for AES-GCM. */
  readonly aesHardware: boolean;
}

type LegacyHeader = 'X-DTLS-CipherSuite' | 'X-DTLS12-CipherSuite';
type Cipher = 'AES256-GCM' | 'AES128-GCM' | 'CHACHA20-POLY1305';

interface LegacySuite {
  readonly header: LegacyHeader;
  readonly name: string;
  readonly number: number;
  readonly cipher: Cipher;
}

/**
 * All of DTLS 1.2. Of two with the same cipher the first is taken: how keys would be exchanged in a
 * full handshake says nothing about a resumption [oc 8.3].
 */
const LEGACY_SUITES: readonly LegacySuite[] = (
  [
    ['X-DTLS12-CipherSuite', 'AES256-GCM-SHA384', 0x009d, 'AES256-GCM'],
    ['X-DTLS12-CipherSuite', 'ECDHE-RSA-AES256-GCM-SHA384', 0xc030, 'AES256-GCM'],
    ['X-DTLS-CipherSuite', 'OC-DTLS1_2-AES256-GCM', 0x009d, 'AES256-GCM'],
    ['X-DTLS12-CipherSuite', 'ECDHE-RSA-AES128-GCM-SHA256', 0xc02f, 'AES128-GCM'],
    ['X-DTLS12-CipherSuite', 'AES128-GCM-SHA256', 0x009c, 'AES128-GCM'],
    ['X-DTLS-CipherSuite', 'OC-DTLS1_2-AES128-GCM', 0x009c, 'AES128-GCM'],
    ['X-DTLS-CipherSuite', 'OC2-DTLS1_2-CHACHA20-POLY1305', 0xccab, 'CHACHA20-POLY1305'],
  ] as const
).map(([header, name, number, cipher]) => ({ header, name, number, cipher }));

/** Strong first, and quick first where AES has no instructions. */
const STRENGTH: readonly Cipher[] = ['AES256-GCM', 'AES128-GCM', 'CHACHA20-POLY1305'];
const WITHOUT_AES: readonly Cipher[] = ['CHACHA20-POLY1305', 'AES256-GCM', 'AES128-GCM'];

/** `tlsCipher`: OpenSSL's name of what the control channel has; the same is chosen if it may be. */
export function chooseDtls(facts: ConnectFacts, policy: DtlsPolicy, tlsCipher: string): DtlsMode {
  if (!policy.udp) return { kind: 'off' };
  // openconnect names it first or last, by the TLS library it was built with [oc 5.1].
  if (facts.dtlsSuites.includes('PSK-NEGOTIATE')) return { kind: 'psk' };
  const { masterSecret } = facts;
  if (!policy.legacy || masterSecret === null) return { kind: 'off' };
  const order = policy.aesHardware ? STRENGTH : WITHOUT_AES;
  const suite = [cipherOf(tlsCipher), ...order]
    .map((wanted) => offered(facts).find(({ cipher }) => cipher === wanted))
    .find((found) => found !== undefined);
  if (suite === undefined) return { kind: 'off' };
  return {
    kind: 'legacy',
    header: suite.header,
    suite: suite.name,
    number: suite.number,
    records: suite.cipher === 'CHACHA20-POLY1305' ? 'chacha20-poly1305' : 'aes-gcm',
    masterSecret,
  };
}

const offered = ({ dtlsSuites, dtls12Suites }: ConnectFacts): readonly LegacySuite[] =>
  LEGACY_SUITES.filter(({ header, name }) =>
    (header === 'X-DTLS-CipherSuite' ? dtlsSuites : dtls12Suites).includes(name),
  );

/** undefined: a suite that DTLS does not have here. */
function cipherOf(tlsCipher: string): Cipher | undefined {
  if (/AES_?256[_-]GCM/.test(tlsCipher)) return 'AES256-GCM';
  if (/AES_?128[_-]GCM/.test(tlsCipher)) return 'AES128-GCM';
  return tlsCipher.includes('CHACHA20') ? 'CHACHA20-POLY1305' : undefined;
}
