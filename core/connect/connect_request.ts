// The headers of a CONNECT as typed facts [oc 5.1]. A value that cannot be right counts as not
// sent: a client that says nonsense gets the defaults, and no number wraps around (ocserv #717).
import { Buffer } from 'node:buffer';
import type { CompressionOffer } from './compression.ts';

/** Lower-case names, as an HTTP parser gives them; repeated lines joined by ", ". */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The facts; null = not sent or not acceptable. */
export interface ConnectFacts {
  /** X-CSTP-Base-MTU and X-CSTP-MTU in bytes, at most MAX_MTU. */
  readonly baseMtu: number | null;
  readonly cstpMtu: number | null;
  readonly wantsIpv6: boolean;
  /** false: the client takes one address, in X-CSTP-Address, of either family [oc 5.4]. */
  readonly fullIpv6: boolean;
  /** 48 bytes for the legacy handshake [oc 8.3]. */
  readonly masterSecret: Uint8Array | null;
  /** Names of X-DTLS-CipherSuite and X-DTLS12-CipherSuite in the client's order. */
  readonly dtlsSuites: readonly string[];
  readonly dtls12Suites: readonly string[];
  /** X-CSTP-Accept-Encoding and X-DTLS-Accept-Encoding. */
  readonly compression: CompressionOffer;
}

/** Larger values are ignored [oc 5.5]: a TLS record carries no more. */
const MAX_MTU = 16 * 1024;
/** openconnect lists eight suites and three encodings. */
const MAX_NAMES = 64;

export function parseConnectHeaders(headers: RequestHeaders): ConnectFacts {
  const text = (name: string): string => headerText(headers, name);
  return {
    baseMtu: parseMtu(text('x-cstp-base-mtu')),
    cstpMtu: parseMtu(text('x-cstp-mtu')),
    wantsIpv6: wantsIpv6(text('x-cstp-address-type')),
    fullIpv6: text('x-cstp-full-ipv6-capability').toLowerCase() === 'true',
    masterSecret: parseMasterSecret(text('x-dtls-master-secret')),
    dtlsSuites: parseNames(text('x-dtls-ciphersuite')),
    dtls12Suites: parseNames(text('x-dtls12-ciphersuite')),
    compression: {
      tls: parseEncodings(text('x-cstp-accept-encoding')),
      dtls: parseEncodings(text('x-dtls-accept-encoding')),
    },
  };
}

/** One header's value; '' when absent. */
export function headerText(headers: RequestHeaders, name: string): string {
  const value = headers[name];
  return (typeof value === 'string' ? value : (value ?? []).join(', ')).trim();
}

function parseMtu(text: string): number | null {
  if (!/^\d{1,5}$/.test(text)) return null;
  const mtu = Number(text);
  return mtu > 0 && mtu <= MAX_MTU ? mtu : null;
}

/** Without the header the client is an old one that knows IPv4 only. */
const wantsIpv6 = (types: string): boolean =>
  types.split(',').some((type) => type.trim().toLowerCase() === 'ipv6');

const parseMasterSecret = (hex: string): Uint8Array | null =>
  /^[0-9a-f]{96}$/i.test(hex) ? Buffer.from(hex, 'hex') : null;

const parseNames = (text: string): readonly string[] =>
  text
    .split(/[:,]/, MAX_NAMES)
    .map((name) => name.trim())
    .filter((name) => /^[\w-]{1,64}$/.test(name));

const parseEncodings = (text: string): readonly string[] => parseNames(text.toLowerCase());
