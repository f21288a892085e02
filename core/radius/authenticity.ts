// Who a packet is from, by the shared secret.
//
//   Message-Authenticator   HMAC-MD5(secret, packet with zeros in its place) [rfc3579 3.2]; first in
//                           every request of ours: a forger who must go round it cannot use the
//                           collisions of MD5 (BlastRADIUS, CVE-2024-3596)
//   response authenticator  MD5(reply with the request's authenticator, secret) [rfc2865 3]
//   of accounting requests  MD5(request with zeros, secret) [rfc2866 3]
import { NAME, bytes } from './attributes.ts';
import type { Digests } from './digests.ts';
import {
  AUTHENTICATOR_AT,
  AUTHENTICATOR_BYTES,
  CODE,
  decodePacket,
  encodePacket,
  trimPacket,
  valueOffsets,
} from './packet.ts';
import type { Attribute, Packet } from './packet.ts';

const MESSAGE_AUTHENTICATOR_BYTES = 16;

/** What a reply is matched with. */
export interface SentRequest {
  readonly identifier: number;
  /** 16 bytes, as sent. */
  readonly authenticator: Uint8Array;
  readonly bytes: Uint8Array;
}

/** `authenticator`: 16 random bytes, never used before. */
export function signAccessRequest(
  request: Omit<Packet, 'code'>,
  secret: Uint8Array,
  digests: Digests,
): SentRequest {
  const { identifier, authenticator } = request;
  const sealed = seal({ ...request, code: CODE.accessRequest }, secret, digests);
  return { identifier, authenticator, bytes: sealed };
}

export function signAccountingRequest(
  request: { readonly identifier: number; readonly attributes: readonly Attribute[] },
  secret: Uint8Array,
  digests: Digests,
): SentRequest {
  const blank = new Uint8Array(AUTHENTICATOR_BYTES);
  const packet = { ...request, code: CODE.accountingRequest, authenticator: blank };
  const sealed = seal(packet, secret, digests);
  const authenticator = digests.md5(sealed, secret);
  sealed.set(authenticator, AUTHENTICATOR_AT);
  return { identifier: request.identifier, authenticator, bytes: sealed };
}

export type Verification =
  | { readonly kind: 'sound'; readonly packet: Packet }
  /** No packet, or no reply to this request. */
  | { readonly kind: 'malformed' }
  /** Made without our secret, or changed on its way. */
  | { readonly kind: 'forged' }
  /** Without a Message-Authenticator where one is required: could be forged [CVE-2024-3596]. */
  | { readonly kind: 'unsigned' };

/** A Message-Authenticator must be right wherever there is one, required or not. */
export function verifyReply(
  received: Uint8Array,
  request: SentRequest,
  rules: { readonly secret: Uint8Array; readonly requireMessageAuthenticator: boolean },
  digests: Digests,
): Verification {
  const reply = trimPacket(received);
  if (reply?.[1] !== request.identifier) return { kind: 'malformed' };
  const asSigned = Uint8Array.from(reply);
  asSigned.set(request.authenticator, AUTHENTICATOR_AT);
  const { secret, requireMessageAuthenticator } = rules;
  const claimed = reply.subarray(AUTHENTICATOR_AT, AUTHENTICATOR_AT + AUTHENTICATOR_BYTES);
  if (!digests.equal(digests.md5(asSigned, secret), claimed)) return { kind: 'forged' };
  switch (checkMessageAuthenticator(asSigned, secret, digests)) {
    case 'absent':
      if (requireMessageAuthenticator) return { kind: 'unsigned' };
      break;
    case 'wrong':
      return { kind: 'forged' };
    case 'right':
      break;
  }
  const packet = decodePacket(reply);
  return packet === undefined ? { kind: 'malformed' } : { kind: 'sound', packet };
}

function checkMessageAuthenticator(
  asSigned: Uint8Array,
  secret: Uint8Array,
  { hmacMd5, equal }: Digests,
): 'absent' | 'right' | 'wrong' {
  const [at, ...more] = valueOffsets(asSigned, NAME.messageAuthenticator.type);
  if (at === undefined) return 'absent';
  const length = (asSigned[at - 1] ?? 0) - 2;
  if (more.length > 0 || length !== MESSAGE_AUTHENTICATOR_BYTES) return 'wrong';
  const claimed = asSigned.slice(at, at + length);
  const blank = Uint8Array.from(asSigned);
  blank.fill(0, at, at + length);
  return equal(hmacMd5(secret, blank), claimed) ? 'right' : 'wrong';
}

/** The packet's bytes with a Message-Authenticator in front of its attributes. */
function seal(packet: Packet, secret: Uint8Array, { hmacMd5 }: Digests): Uint8Array {
  const blank = bytes(NAME.messageAuthenticator, new Uint8Array(MESSAGE_AUTHENTICATOR_BYTES));
  const encoded = encodePacket({ ...packet, attributes: [blank, ...packet.attributes] });
  const [at = 0] = valueOffsets(encoded, NAME.messageAuthenticator.type);
  encoded.set(hmacMd5(secret, encoded), at);
  return encoded;
}
