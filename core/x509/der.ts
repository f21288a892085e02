// A strict reader of DER [x690], as much as certificates and what is said about them need.
import { Buffer } from 'node:buffer';
import type { EpochMs } from '../units.ts';

/** The bytes are not what they should be. Never leaves core/x509: its readers give undefined. */
export class DerError extends Error {}

export interface Der {
  /** The first byte: class, constructed, number. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Header and content. */
  readonly whole: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** [n] with content of its own or around another value. */
export const contextTag = (n: number, constructed = true): number =>
  (constructed ? 0xa0 : 0x80) + n;

/** The one value that fills the bytes. */
export function readWhole(bytes: Uint8Array, tag: number): Der {
  const [value, ...more] = readAll(bytes);
  if (value?.tag !== tag || more.length > 0) throw new DerError(`no single value of tag ${tag}`);
  return value;
}

/** The values that stand one behind the other. */
export function readAll(bytes: Uint8Array): Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = readAt(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** Takes values of a SEQUENCE in their order, with regard to those that may be missing. */
export class Fields {
  readonly #values: readonly Der[];
  #next = 0;

  constructor(sequence: Der) {
    this.#values = readAll(sequence.content);
  }

  take(tag: number): Der {
    const value = this.takeIf(tag);
    if (value === undefined) throw new DerError(`no value of tag ${tag}`);
    return value;
  }

  takeIf(...tags: readonly number[]): Der | undefined {
    const value = this.#values[this.#next];
    if (value === undefined || !tags.includes(value.tag)) return undefined;
    this.#next++;
    return value;
  }
}

/** "1.2.840.113549" */
export function readOid({ tag, content }: Der): string {
  if (tag !== TAG.oid || content.length === 0) throw new DerError('no OID');
  const arcs: number[] = [];
  let arc = 0;
  for (const [index, byte] of content.entries()) {
    if (arc > MOST_BEFORE_SHIFT) throw new DerError('an OID with an arc that is too large');
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    } else if (index === content.length - 1) throw new DerError('an OID that is cut off');
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

/** The number in hex, two digits a byte, without a leading zero byte. */
export function readSerial({ tag, content }: Der): string {
  if (tag !== TAG.integer || content.length === 0) throw new DerError('no number');
  return Buffer.from(content)
    .toString('hex')
    .replace(/^(00)+(?=..)/, '');
}

/** UTCTime or GeneralizedTime in seconds and UTC [rfc5280 4.1.2.5]. */
export function readTime({ tag, content }: Der): EpochMs {
  const text = Buffer.from(content).toString('latin1');
  const parts = (tag === UTC_TIME ? /^(\d\d)(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/).exec(text);
  if (parts?.[1] === undefined || parts[2] === undefined || !TIME_TAGS.includes(tag)) {
    throw new DerError('no time');
  }
  const written = Number(parts[1]);
  const year = tag === UTC_TIME ? (written < 50 ? 2000 : 1900) + written : written;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
    parts[2].match(/\d\d/g) ?? []
  ).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** A text of any of the types that names are made of; undefined for another, or damaged text. */
export function readText({ tag, content }: Der): string | undefined {
  const bytes = Buffer.from(content);
  switch (tag) {
    case 0x0c: // UTF8String
      return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
    case 0x12: // NumericString
    case 0x13: // PrintableString
    case 0x16: // IA5String
      return bytes.every((byte) => byte < 0x80) ? bytes.toString('latin1') : undefined;
    case 0x14: // TeletexString, in practice Latin-1
      return bytes.toString('latin1');
    case 0x1e: // BMPString
      return bytes.length % 2 === 0 ? Buffer.from(bytes).swap16().toString('utf16le') : undefined;
    default:
      return undefined;
  }
}

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
/** What takeIf and take look for where a time stands. */
export const TIME_TAGS: readonly number[] = [UTC_TIME, GENERALIZED_TIME];

/** One more digit of base 128 keeps the number exact. */
const MOST_BEFORE_SHIFT = 2 ** 45;
// A length of four bytes is 4 GiB: more than any file that is read whole.
const MOST_LENGTH_BYTES = 4;

function readAt(bytes: Uint8Array, at: number): Der {
  const tag = bytes[at] ?? 0;
  const first = bytes[at + 1];
  // Tag numbers above 30 take more bytes, and none of ours has one.
  if (first === undefined || (tag & 0x1f) === 0x1f) throw new DerError('a header that is cut off');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > MOST_LENGTH_BYTES) throw new DerError('a length that DER has not');
    length = 0;
    for (const byte of bytes.subarray(start, start + count)) length = length * 256 + byte;
    start += count;
  }
  if (start + length > bytes.length) throw new DerError('a value that is cut off');
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(at, start + length),
  };
}

const isUtf8 = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8')).equals(bytes);
