// Small damages to bytes that were right: most of a mutated message stays as the server expects it,
// so that it gets past the first check and reaches the code behind.
import { Buffer } from 'node:buffer';
import type { Random } from './random.ts';

type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** Applies one to four damages. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let n = random.below(4); n >= 0; n -= 1) result = random.pick(MUTATIONS)(result, random);
  return result;
}

/** Cuts a message into writes, at places that no parser likes; usually leaves it whole. */
export function pieces(bytes: Buffer, random: Random): Buffer[] {
  if (random.chance(2, 3) || bytes.length < 2) return [bytes];
  const at = 1 + random.below(bytes.length - 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

/** Lengths and counts at which arithmetic goes wrong. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff];

/** What HTTP, XML and cookies give a meaning to. */
const TOKENS = [
  ...['\r\n', '\r\n\r\n', '\n', '\0', ':', ';', '=', '"', "'", ' ', '\t', '%00', '%n', '../'],
  ...[
    '<',
    '>',
    '/>',
    '</',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?xml',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
  ],
  ...['&amp;', '&#0;', '&#xfffffff;', '&b;', '<a>'.repeat(40), 'A'.repeat(5000)],
  ...['Content-Length: 0\r\n', 'Content-Length: 99999999999\r\n', 'Transfer-Encoding: chunked\r\n'],
  ...['Cookie: webvpn=', 'Expect: 100-continue\r\n', 'Connection: upgrade\r\nUpgrade: h2c\r\n'],
  ...['X-CSTP-Base-MTU: 4294967295\r\n', 'X-CSTP-Base-MTU: -1\r\n', 'X-DTLS-Master-Secret: zz\r\n'],
  ...['é', '\ud83d\ude00', '\ufeff', '\x7f', '\x1b[2J'],
].map((token) => Buffer.from(token));

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    if (bytes.length === 0) return bytes;
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  function setByte(bytes, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.next() & 0xff;
    return bytes;
  },
  function setEdge(bytes, random) {
    if (bytes.length >= 2) bytes.writeUInt16BE(random.pick(EDGES), random.below(bytes.length - 1));
    return bytes;
  },
  function insertToken(bytes, random) {
    return insert(bytes, random.pick(TOKENS), random);
  },
  function insertNoise(bytes, random) {
    return insert(bytes, random.bytes(1 + random.below(64)), random);
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function remove(bytes, random) {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function repeat(bytes, random) {
    const [from, to] = span(bytes, random);
    const times = 1 + random.below(20);
    const copies = Array.from({ length: times }, () => bytes.subarray(from, to));
    return Buffer.concat([bytes.subarray(0, to), ...copies, bytes.subarray(to)]);
  },
  function swap(bytes, random) {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(to), bytes.subarray(from, to), bytes.subarray(0, from)]);
  },
];

function insert(bytes: Buffer, piece: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

function span(bytes: Buffer, random: Random): readonly [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, from + random.below(Math.min(64, bytes.length - from) + 1)];
}
