import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PamDecoder, encodeAnswer } from '../../../../server/auth/pam_messages.ts';
import type { PamMessage } from '../../../../server/auth/pam_messages.ts';
import { frame } from '../../native/helper_process.ts';

const WRITTEN = Buffer.concat([
  frame('pPassword: '),
  frame('eYour cölour? '),
  frame('iHello'),
  frame('xSorry'),
  frame(Buffer.from([0x64, 0, 0x1e, 0x84, 0x80])),
  frame('ualice'),
  frame(Buffer.concat([Buffer.from([0x67, 0, 0, 0x03, 0xe8]), Buffer.from('staff')])),
  frame(Buffer.concat([Buffer.from([0x72, 0, 0, 0, 13]), Buffer.from('mexpired')])),
]);

const MEANT: readonly PamMessage[] = [
  { kind: 'question', text: 'Password: ', echo: false },
  { kind: 'question', text: 'Your cölour? ', echo: true },
  { kind: 'information', text: 'Hello' },
  { kind: 'information', text: 'Sorry' },
  { kind: 'delay', delayMs: 2000 },
  { kind: 'user', name: 'alice' },
  { kind: 'group', gid: 1000, name: 'staff' },
  { kind: 'result', result: { code: 13, stage: 'account', text: 'expired' } },
];

test('messages are the same however they are cut', () => {
  const cuts = fc.array(fc.nat({ max: WRITTEN.length }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (at) => {
      const decoder = new PamDecoder();
      const ends = [...at.sort((a, b) => a - b), WRITTEN.length];
      const pieces = ends.map((end, i) => WRITTEN.subarray(ends[i - 1] ?? 0, end));
      assert.deepEqual(
        pieces.flatMap((piece) => decoder.push(piece)),
        MEANT,
      );
    }),
  );
});

test('what the helper does not say is no message', () => {
  for (const bytes of [
    frame(''),
    frame('?what'),
    frame('d123'),
    frame('g123'),
    frame('r123'),
    frame('r1234zunknown stage'),
    Buffer.from('GET / HTTP/1.1\r\n'),
    Buffer.from([0, 0, 0x20, 1]),
  ]) {
    assert.equal(new PamDecoder().push(bytes), null, bytes.toString('hex'));
  }
});

test('an answer is framed by its bytes, not by its characters', () => {
  assert.deepEqual(encodeAnswer('ö'), frame('aö'));
  assert.deepEqual(encodeAnswer(''), frame('a'));
});
