import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSyslog } from '../../../../core/log/syslog.ts';

const TIME = new Date(2026, 10, 2, 4, 5, 6).getTime();

test('a line for syslog has priority, local time, name and pid as C libraries write them', () => {
  const line = { level: 30, time: TIME, pid: 812, text: 'session created  session=7' };
  assert.equal(
    renderSyslog(line),
    '<30>Nov  2 04:05:06 wolfguard[812]: session created  session=7',
  );
  assert.match(renderSyslog({ ...line, level: 50 }), /^<27>/);
  assert.match(renderSyslog({ ...line, level: 20 }), /^<31>/);
});

test('line breaks do not end the message', () => {
  const text = 'oops\n  Error: x\n    at y';
  assert.match(
    renderSyslog({ level: 50, time: TIME, pid: 1, text }),
    /: oops \| Error: x \| at y$/,
  );
});

test('a long line is cut between two characters, and says so', () => {
  const cut = renderSyslog({ level: 30, time: TIME, pid: 1, text: '日本'.repeat(9000) });
  assert.ok(Buffer.byteLength(cut) <= 8192);
  assert.match(cut, /[日本] … \(cut, \d+ bytes\)$/);
});
