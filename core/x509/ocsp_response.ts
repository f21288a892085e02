// What an OCSP responder says about certificates [rfc6960 4.2]. Clients check its signature; whoever
// staples it only needs to know whom it speaks of, what it says and how long it holds.
import {
  contextTag,
  Fields,
  readAll,
  readOid,
  readSerial,
  readTime,
  readWhole,
  TAG,
} from './der.ts';
import type { Der } from './der.ts';
import type { EpochMs } from '../units.ts';

export interface OcspStatus {
  /** Of the certificate, in hex. */
  readonly serial: string;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate: EpochMs;
  /** null: newer information is always to be had. */
  readonly nextUpdate: EpochMs | null;
}

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const GENERALIZED_TIME = 0x18;
const STATUS = new Map<number, OcspStatus['status']>([
  [contextTag(0, false), 'good'],
  [contextTag(1), 'revoked'],
  [contextTag(2, false), 'unknown'],
]);

/** undefined: the bytes are no successful response, or a damaged one. */
export function readOcspResponse(der: Uint8Array): readonly OcspStatus[] | undefined {
  try {
    return read(der);
  } catch {
    return undefined;
  }
}

function read(der: Uint8Array): OcspStatus[] {
  const response = new Fields(readWhole(der, TAG.sequence));
  const [successful = 1] = response.take(TAG.enumerated).content;
  const bytes = new Fields(readWhole(response.take(contextTag(0)).content, TAG.sequence));
  const isBasic = readOid(bytes.take(TAG.oid)) === BASIC_RESPONSE;
  if (successful !== 0 || !isBasic) throw new TypeError('no successful basic response');
  const basic = new Fields(readWhole(bytes.take(TAG.octetString).content, TAG.sequence));
  const data = new Fields(basic.take(TAG.sequence));
  data.takeIf(contextTag(0)); // version
  data.takeIf(contextTag(1), contextTag(2)); // who says it
  data.take(GENERALIZED_TIME); // when it was made
  return readAll(data.take(TAG.sequence).content).map(readStatus);
}

function readStatus(single: Der): OcspStatus {
  const fields = new Fields(single);
  const id = new Fields(fields.take(TAG.sequence));
  id.take(TAG.sequence); // hash algorithm
  id.take(TAG.octetString); // issuer's name
  id.take(TAG.octetString); // issuer's key
  const serial = readSerial(id.take(TAG.integer));
  const status = STATUS.get(fields.takeIf(...STATUS.keys())?.tag ?? 0);
  if (status === undefined) throw new TypeError('no status');
  const thisUpdate = readTime(fields.take(GENERALIZED_TIME));
  const next = fields.takeIf(contextTag(0));
  const nextUpdate =
    next === undefined ? null : readTime(readWhole(next.content, GENERALIZED_TIME));
  return { serial, status, thisUpdate, nextUpdate };
}
