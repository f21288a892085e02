// The digests that RADIUS is made of, and replies as a server would make them.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { NAME, bytes } from '../../../../core/radius/attributes.ts';
import type { Digests } from '../../../../core/radius/digests.ts';
import type { SentRequest } from '../../../../core/radius/authenticity.ts';
import { encodePacket, valueOffsets } from '../../../../core/radius/packet.ts';
import type { Attribute } from '../../../../core/radius/packet.ts';

export const digests: Digests = {
  md5: (...parts) => createHash('md5').update(Buffer.concat(parts)).digest(),
  hmacMd5: (key, message) => createHmac('md5', key).update(message).digest(),
  equal: timingSafeEqual,
};

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
export const SECRET = utf8('xyzzy5461');

/** `signed` false: without a Message-Authenticator, as servers before 2024 answer. */
export function reply(
  code: number,
  request: Pick<SentRequest, 'identifier' | 'authenticator'>,
  attributes: readonly Attribute[],
  {
    signed = true,
    secret = SECRET,
  }: { readonly signed?: boolean; readonly secret?: Uint8Array } = {},
): Uint8Array {
  const blank = bytes(NAME.messageAuthenticator, new Uint8Array(16));
  const packet = encodePacket({
    code,
    identifier: request.identifier,
    authenticator: request.authenticator,
    attributes: signed ? [blank, ...attributes] : attributes,
  });
  const [at] = signed ? valueOffsets(packet, NAME.messageAuthenticator.type) : [];
  if (at !== undefined) packet.set(digests.hmacMd5(secret, packet), at);
  packet.set(digests.md5(packet, secret), 4);
  return packet;
}
