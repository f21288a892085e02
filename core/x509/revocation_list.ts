// The head of a certificate revocation list [rfc5280 5.1]: who says it and for how long. Its entries
// may be hundreds of thousands and are left to TLS.
import { readAll, Fields, readOid, readTime, readWhole, TAG, TIME_TAGS } from './der.ts';
import type { EpochMs } from '../units.ts';

export interface RevocationListHead {
  /** DER of the whole name, for comparing. */
  readonly issuer: Uint8Array;
  readonly thisUpdate: EpochMs;
  /** null: the list does not say when the next one comes. */
  readonly nextUpdate: EpochMs | null;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  /** OID */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
}

/** undefined: the bytes are no list, or a damaged one. */
export function readRevocationListHead(der: Uint8Array): RevocationListHead | undefined {
  try {
    return read(der);
  } catch {
    return undefined;
  }
}

function read(der: Uint8Array): RevocationListHead {
  const list = new Fields(readWhole(der, TAG.sequence));
  const tbs = list.take(TAG.sequence);
  const algorithm = readAll(list.take(TAG.sequence).content)[0];
  // The first byte counts unused bits, of which a signature has none.
  const signature = list.take(TAG.bitString).content.subarray(1);
  const fields = new Fields(tbs);
  fields.takeIf(TAG.integer); // version
  fields.take(TAG.sequence); // signature algorithm, again
  const issuer = fields.take(TAG.sequence).whole;
  const thisUpdate = fields.takeIf(...TIME_TAGS);
  const nextUpdate = fields.takeIf(...TIME_TAGS);
  if (thisUpdate === undefined || algorithm === undefined) throw new TypeError('no list');
  return {
    issuer,
    thisUpdate: readTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : readTime(nextUpdate),
    signed: tbs.whole,
    signatureAlgorithm: readOid(algorithm),
    signature,
  };
}
