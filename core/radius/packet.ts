// RADIUS packets as bytes and as values [rfc2865 3, 5]:
//
//   code  identifier  length (2)  authenticator (16)  attributes …
//   attribute: type  length  value                 length counts its own two bytes
//   type 26:   26    length  vendor (4)  type  length  value  …
//
// Decoding is strict in all lengths: a packet is taken whole or not at all. Only the inside of a
// vendor's attribute is the vendor's own business: what does not read as a list is left out.

/** What a packet is [rfc2865 4, rfc2866 4]. */
export const CODE = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  accessChallenge: 11,
} as const;

export interface Attribute {
  /** 0 = one of the standard's, else the vendor's enterprise number. */
  readonly vendor: number;
  readonly type: number;
  /** At most 253 bytes, 247 of a vendor's. */
  readonly value: Uint8Array;
}

export interface Packet {
  readonly code: number;
  /** 0 to 255. */
  readonly identifier: number;
  /** 16 bytes. */
  readonly authenticator: Uint8Array;
  readonly attributes: readonly Attribute[];
}

export const HEADER_BYTES = 20;
export const MAX_PACKET_BYTES = 4096;
export const MAX_VALUE_BYTES = 253;
export const AUTHENTICATOR_AT = 4;
export const AUTHENTICATOR_BYTES = 16;

const VENDOR_SPECIFIC = 26;
const VENDOR_BYTES = 4;
const ATTRIBUTE_HEADER = 2;

/** Throws RangeError for what fits in no packet: the caller's bug. */
export function encodePacket({ code, identifier, authenticator, attributes }: Packet): Uint8Array {
  const encoded = attributes.map(encodeAttribute);
  const length = encoded.reduce((sum, bytes) => sum + bytes.length, HEADER_BYTES);
  if (length > MAX_PACKET_BYTES) throw new RangeError(`a packet of ${length} bytes`);
  const packet = new Uint8Array(length);
  packet.set([code, identifier, length >> 8, length & 0xff]);
  packet.set(authenticator, AUTHENTICATOR_AT);
  let at = HEADER_BYTES;
  for (const bytes of encoded) {
    packet.set(bytes, at);
    at += bytes.length;
  }
  return packet;
}

/** undefined: the bytes are no packet. Bytes behind the packet's own length are padding. */
export function decodePacket(bytes: Uint8Array): Packet | undefined {
  const packet = trimPacket(bytes);
  if (packet === undefined) return undefined;
  const attributes: Attribute[] = [];
  for (const { type, value } of elements(packet, HEADER_BYTES)) {
    if (type === VENDOR_SPECIFIC) attributes.push(...decodeVendor(value));
    else attributes.push({ vendor: 0, type, value });
  }
  return {
    code: packet[0] ?? 0,
    identifier: packet[1] ?? 0,
    authenticator: packet.subarray(AUTHENTICATOR_AT, AUTHENTICATOR_AT + AUTHENTICATOR_BYTES),
    attributes,
  };
}

/** Where the values of a type begin in a packet that trimPacket gave. */
export function valueOffsets(packet: Uint8Array, type: number): number[] {
  return [...elements(packet, HEADER_BYTES)]
    .filter((element) => element.type === type)
    .map(({ at }) => at);
}

/** The packet without padding; undefined when lengths do not agree. */
export function trimPacket(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const length = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (length < HEADER_BYTES || length > MAX_PACKET_BYTES || length > bytes.length) return undefined;
  const packet = bytes.subarray(0, length);
  return isList(packet, HEADER_BYTES) ? packet : undefined;
}

function encodeAttribute({ vendor, type, value }: Attribute): Uint8Array {
  const plain = Uint8Array.of(type, value.length + ATTRIBUTE_HEADER, ...value);
  const room = vendor === 0 ? MAX_VALUE_BYTES : MAX_VALUE_BYTES - VENDOR_BYTES - ATTRIBUTE_HEADER;
  if (value.length > room) throw new RangeError(`an attribute of ${value.length} bytes`);
  if (vendor === 0) return plain;
  const id = [24, 16, 8, 0].map((shift) => (vendor >>> shift) & 0xff);
  const length = plain.length + VENDOR_BYTES + ATTRIBUTE_HEADER;
  return Uint8Array.of(VENDOR_SPECIFIC, length, ...id, ...plain);
}

function decodeVendor(value: Uint8Array): Attribute[] {
  if (value.length < VENDOR_BYTES || !isList(value, VENDOR_BYTES)) return [];
  const vendor = value.subarray(0, VENDOR_BYTES).reduce((id, byte) => id * 256 + byte, 0);
  // Vendor 0 would pass for the standard's own.
  if (vendor === 0) return [];
  return [...elements(value, VENDOR_BYTES)].map(({ type, value }) => ({ vendor, type, value }));
}

/** Whether the rest is a list of attributes to its very end. */
function isList(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (at < bytes.length) {
    const length = bytes[at + 1] ?? 0;
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) return false;
    at += length;
  }
  return true;
}

/** Of bytes that isList has approved. */
function* elements(
  bytes: Uint8Array,
  from: number,
): Generator<{ readonly type: number; readonly value: Uint8Array; readonly at: number }> {
  for (let at = from; at < bytes.length;) {
    const end = at + Math.max(ATTRIBUTE_HEADER, bytes[at + 1] ?? 0);
    const value = bytes.subarray(at + ATTRIBUTE_HEADER, end);
    yield { type: bytes[at] ?? 0, value, at: at + ATTRIBUTE_HEADER };
    at = end;
  }
}
