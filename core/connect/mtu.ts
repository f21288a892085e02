// How large the packets of a tunnel may be [oc 5.5].
import type { Family } from '../net/address.ts';
import type { Bytes } from '../units.ts';

export type DtlsSuite = 'aes-gcm' | 'chacha20-poly1305' | 'aes-cbc-sha1';

export interface MtuInput {
  /** policy.mtu; 0 = from the path. */
  readonly policyMtu: Bytes;
  readonly tunMtu: Bytes;
  /** What the client said; null = nothing acceptable. */
  readonly baseMtu: Bytes | null;
  readonly cstpMtu: Bytes | null;
  /** The kernel's path MTU of the TLS connection; 0 = unknown. */
  readonly pathMtu: Bytes;
  /** Family of the addresses outside. */
  readonly outside: Family;
  /** An IPv6 address is assigned inside. */
  readonly insideIpv6: boolean;
  readonly suite: DtlsSuite;
}

/** X-CSTP-Base-MTU and X-CSTP-MTU: the link outside, and the largest packet inside. */
export interface TunnelMtu {
  readonly link: Bytes;
  readonly data: Bytes;
}

export function tunnelMtu(input: MtuInput): TunnelMtu {
  let link = input.policyMtu > 0 ? input.policyMtu : input.tunMtu;
  const offered = offeredLink(input);
  // A smaller value is no honest one and is ignored, as an absurdly large one is.
  if (offered !== null && offered >= floorOf(input)) link = Math.min(link, offered);
  // Anybody on the path can forge the ICMP that lowers it: never below what IPv4 promises.
  if (input.pathMtu > 0) link = Math.min(link, Math.max(input.pathMtu, IPV4_MINIMUM));
  const data = link - outsideOverhead(input.outside) - RECORD_OVERHEAD[input.suite];
  return { link, data: Math.min(data, input.tunMtu) };
}

/** The smallest packet that IPv6 must be able to send: below it a tunnel has no IPv6 [oc 5.4]. */
export const IPV6_MINIMUM = 1280;
/** Every IPv4 host takes datagrams of this size (RFC 791). */
const IPV4_MINIMUM = 576;
/** The smallest link that a client may claim [oc annex B]. */
const LINK_FLOOR = 800;

/** Record header, explicit nonce, tag or padding, and our one byte of type [oc 5.5, 8.1]. */
const RECORD_OVERHEAD: Readonly<Record<DtlsSuite, Bytes>> = {
  'aes-gcm': 13 + 8 + 16 + 1,
  'chacha20-poly1305': 13 + 16 + 1,
  // IV, MAC and the longest padding: 1..16 bytes.
  'aes-cbc-sha1': 13 + 16 + 20 + 16 + 1,
};

const UDP_HEADER = 8;
const outsideOverhead = (outside: Family): Bytes => (outside === 4 ? 20 : 40) + UDP_HEADER;

const floorOf = ({ insideIpv6 }: MtuInput): Bytes => (insideIpv6 ? IPV6_MINIMUM : LINK_FLOOR);

/** The client's link; from its data MTU, the worst of the overheads is added back. */
function offeredLink({ baseMtu, cstpMtu, outside }: MtuInput): Bytes | null {
  if (baseMtu !== null || cstpMtu === null) return baseMtu;
  return cstpMtu + outsideOverhead(outside) + RECORD_OVERHEAD['aes-cbc-sha1'];
}
