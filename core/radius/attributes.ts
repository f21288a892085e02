// The attributes that we send and obey, and the forms of their values.
import { decodeIp, encodeIp, networkOf } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import { MAX_VALUE_BYTES } from './packet.ts';
import type { Attribute } from './packet.ts';

/** What an attribute is called; `vendor` 0 is the standard. */
export interface AttributeName {
  readonly vendor: number;
  readonly type: number;
}

const standard = (type: number): AttributeName => ({ vendor: 0, type });
const vendors =
  (vendor: number) =>
  (type: number): AttributeName => ({ vendor, type });
const microsoft = vendors(311);
const roaringPenguin = vendors(10055);
const wispr = vendors(14122);

export const NAME = {
  // [rfc2865 5]
  userName: standard(1),
  userPassword: standard(2),
  serviceType: standard(6),
  framedIpAddress: standard(8),
  replyMessage: standard(18),
  framedRoute: standard(22),
  state: standard(24),
  class: standard(25),
  sessionTimeout: standard(27),
  idleTimeout: standard(28),
  callingStationId: standard(31),
  nasIdentifier: standard(32),
  nasPortType: standard(61),
  // [rfc2866 5, rfc2869 5]
  acctStatusType: standard(40),
  acctDelayTime: standard(41),
  acctInputOctets: standard(42),
  acctOutputOctets: standard(43),
  acctSessionId: standard(44),
  acctAuthentic: standard(45),
  acctSessionTime: standard(46),
  acctInputPackets: standard(47),
  acctOutputPackets: standard(48),
  acctTerminateCause: standard(49),
  acctInputGigawords: standard(52),
  acctOutputGigawords: standard(53),
  eventTimestamp: standard(55),
  prompt: standard(76),
  connectInfo: standard(77),
  messageAuthenticator: standard(80),
  acctInterimInterval: standard(85),
  // [rfc3162 2, rfc4818 3, rfc6911 3]
  framedIpv6Prefix: standard(97),
  framedIpv6Route: standard(99),
  delegatedIpv6Prefix: standard(123),
  framedIpv6Address: standard(168),
  dnsServerIpv6Address: standard(169),
  // [rfc2548 2.7]
  msPrimaryDnsServer: microsoft(28),
  msSecondaryDnsServer: microsoft(29),
  msPrimaryNbnsServer: microsoft(30),
  msSecondaryNbnsServer: microsoft(31),
  // kb/s
  rpUpstreamSpeedLimit: roaringPenguin(1),
  rpDownstreamSpeedLimit: roaringPenguin(2),
  // bit/s
  wisprBandwidthMaxUp: wispr(7),
  wisprBandwidthMaxDown: wispr(8),
} as const;

// ─── what we send ─────────────────────────────────────────────────────────────────────────────

export const bytes = (name: AttributeName, value: Uint8Array): Attribute => ({ ...name, value });

/** Cut at a whole character where it is too long. */
export function text(name: AttributeName, value: string): Attribute {
  const room = new Uint8Array(MAX_VALUE_BYTES);
  return { ...name, value: room.subarray(0, new TextEncoder().encodeInto(value, room).written) };
}

/** 32 bits; larger numbers wrap round, as counters with gigawords beside them do. */
export function integer(name: AttributeName, value: number): Attribute {
  const encoded = new Uint8Array(4);
  new DataView(encoded.buffer).setUint32(0, value % 2 ** 32);
  return { ...name, value: encoded };
}

export const address = (name: AttributeName, value: IpAddress): Attribute => ({
  ...name,
  value: encodeIp(value),
});

// ─── what we are told ─────────────────────────────────────────────────────────────────────────
// An attribute of the wrong form counts as absent: each reader gives those that it can read.

/** The attributes of one name, in their order. */
export const valuesOf = (attributes: readonly Attribute[], name: AttributeName): Uint8Array[] =>
  attributes
    .filter(({ vendor, type }) => vendor === name.vendor && type === name.type)
    .map(({ value }) => value);

/** One line without control characters; bytes that are no UTF-8 become U+FFFD. */
export const readText = (value: Uint8Array): string =>
  new TextDecoder()
    .decode(value)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();

export const readInteger = (value: Uint8Array): number | undefined =>
  value.length === 4 ? new DataView(value.buffer, value.byteOffset).getUint32(0) : undefined;

export const readIpv4 = (value: Uint8Array): IpAddress | undefined =>
  value.length === 4 ? decodeIp(value) : undefined;

export const readIpv6 = (value: Uint8Array): IpAddress | undefined =>
  value.length === 16 ? decodeIp(value) : undefined;

/** Reserved byte, prefix length, as much of the prefix as matters [rfc3162 2.3]. */
export function readIpv6Prefix(value: Uint8Array): Cidr | undefined {
  const prefix = value[1];
  if (prefix === undefined || prefix > 128 || value.length > 18) return undefined;
  if (value.length - 2 < Math.ceil(prefix / 8)) return undefined;
  const whole = new Uint8Array(16);
  whole.set(value.subarray(2));
  return networkOf(decodeIp(whole), prefix);
}
