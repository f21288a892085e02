// The journal's native protocol (systemd's "Native Journal Protocol"): a datagram is an entry, its
// fields are `NAME=value` and a newline, or, for a value with newlines in it,
//
//   NAME \n  length of the value, 64 bits, little endian  value  \n
import { Buffer } from 'node:buffer';
import { cutText } from './cut.ts';
import { LOG_FACILITY, LOG_IDENTIFIER, severityOf } from './severity.ts';

/** A datagram holds about 200 KB at the kernel's own setting; an entry stays well below. */
const MOST_BYTES = 64 * 1024;
const MOST_FIELD_BYTES = 8 * 1024;

/** Ours to keep: the journal's word for a name is at most 64 capital letters, digits and _. */
const PREFIX = 'WOLFGUARD_';
const MOST_NAME_CHARACTERS = 64;

/**
 * The entry of one line of the log: `text` for people as MESSAGE, every field of the line as
 * WOLFGUARD_…. Of what does not fit in `mostBytes` the end is cut, and WOLFGUARD_CUT=1 says so.
 */
export function encodeJournalEntry(
  line: Readonly<Record<string, unknown>>,
  text: string,
  mostBytes = MOST_BYTES,
): Uint8Array {
  const level = Number(line['level'] ?? 30);
  const fields = [
    encodeField('MESSAGE', cutText(text, mostBytes / 2)),
    encodeField('PRIORITY', String(severityOf(level))),
    encodeField('SYSLOG_IDENTIFIER', LOG_IDENTIFIER),
    encodeField('SYSLOG_FACILITY', String(LOG_FACILITY)),
  ];
  let room = mostBytes - sizeOf(fields);
  for (const [name, value] of Object.entries(line).flatMap(ownFields)) {
    const field = encodeField(journalName(name), cutText(value, MOST_FIELD_BYTES));
    room -= field.length;
    if (room < 0) {
      fields.push(encodeField(`${PREFIX}CUT`, '1'));
      break;
    }
    fields.push(field);
  }
  return Buffer.concat(fields);
}

/** Level and words are said by the journal's own fields. */
function ownFields([name, value]: readonly [string, unknown]): [string, string][] {
  if (name === 'level' || name === 'msg' || value === undefined) return [];
  if (name === 'err' && typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([part, said]) => ownFields([`err_${part}`, said]));
  }
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
}

/** rxBytes → WOLFGUARD_RX_BYTES. */
const journalName = (name: string): string =>
  (PREFIX + name.replace(/(?<=[a-z\d])(?=[A-Z])/g, '_').toUpperCase())
    .replace(/[^A-Z\d_]/g, '_')
    .slice(0, MOST_NAME_CHARACTERS);

function encodeField(name: string, value: string): Buffer {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}

const sizeOf = (fields: readonly Buffer[]): number =>
  fields.reduce((sum, { length }) => sum + length, 0);
