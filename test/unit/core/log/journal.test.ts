import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJournalEntry } from '../../../../core/log/journal.ts';

test('an entry has the message, syslog’s fields, and each field of the line under our prefix', () => {
  const line = { level: 40, time: 5, event: 'process.died', rxBytes: 7, msg: 'gone', tags: ['a'] };
  assert.deepEqual(Object.fromEntries(decode(encodeJournalEntry(line, 'gone  rxBytes=7'))), {
    MESSAGE: 'gone  rxBytes=7',
    PRIORITY: '4',
    SYSLOG_IDENTIFIER: 'wolfguard',
    SYSLOG_FACILITY: '3',
    WOLFGUARD_TIME: '5',
    WOLFGUARD_EVENT: 'process.died',
    WOLFGUARD_RX_BYTES: '7',
    WOLFGUARD_TAGS: '["a"]',
  });
});

test('pino’s levels are syslog’s severities', () => {
  const priority = (level: number): string | undefined =>
    decode(encodeJournalEntry({ level }, '')).get('PRIORITY');
  assert.deepEqual([10, 20, 30, 40, 50, 60].map(priority), ['7', '7', '6', '4', '3', '2']);
});

test('a value with line breaks goes with its length and cannot become a field', () => {
  const line = { err: { type: 'Error', stack: 'Error: x\nPRIORITY=0\n at y' } };
  const fields = decode(encodeJournalEntry(line, 'two\nlines'));
  assert.equal(fields.get('MESSAGE'), 'two\nlines');
  assert.equal(fields.get('WOLFGUARD_ERR_STACK'), 'Error: x\nPRIORITY=0\n at y');
  assert.equal(fields.get('PRIORITY'), '6');
});

test('a name that the journal would refuse is written in its letters, and is no field of its own', () => {
  const fields = decode(encodeJournalEntry({ 'é=\n': 1, _pid: 2, ['x'.repeat(99)]: 3 }, ''));
  for (const name of fields.keys()) assert.match(name, /^[A-Z][A-Z\d_]{0,63}$/);
  assert.equal(fields.get('WOLFGUARD__PID'), '2');
});

test('an entry never outgrows its datagram: what is cut says so', () => {
  const long = 'ä'.repeat(100_000);
  const line = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`field${n}`, long]));
  const entry = encodeJournalEntry(line, long);
  assert.ok(entry.length <= 65 * 1024);
  const fields = decode(entry);
  assert.match(fields.get('MESSAGE') ?? '', /ä … \(cut, 200000 bytes\)$/);
  assert.match(fields.get('WOLFGUARD_FIELD0') ?? '', /\(cut, 200000 bytes\)$/);
  assert.equal(fields.get('WOLFGUARD_CUT'), '1');
});

/** The protocol's reader. */
function decode(entry: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>();
  let rest = Buffer.from(entry);
  while (rest.length > 0) {
    const end = rest.indexOf('\n');
    const [name, value] = split(rest.toString('utf8', 0, end));
    rest = rest.subarray(end + 1);
    if (value !== undefined) {
      fields.set(name, value);
      continue;
    }
    const length = Number(rest.readBigUInt64LE());
    fields.set(name, rest.toString('utf8', 8, 8 + length));
    assert.equal(rest[8 + length], 10);
    rest = rest.subarray(9 + length);
  }
  return fields;
}

function split(line: string): [string, string?] {
  const at = line.indexOf('=');
  return at === -1 ? [line] : [line.slice(0, at), line.slice(at + 1)];
}
