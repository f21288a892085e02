import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeKeys } from '../../../../cli/wolfctl/top/keys.ts';

const names = (input: string): readonly string[] =>
  decodeKeys(input).map((key) => (key.kind === 'text' ? key.text : key.kind));

test('cursor keys are known in both modes of a terminal', () => {
  assert.deepEqual(names('\u001b[A\u001bOB\u001b[5~\u001b[6~\u001b[H\u001b[4~'), [
    'up',
    'down',
    'page-up',
    'page-down',
    'home',
    'end',
  ]);
});

test('letters, controls and a lone escape are keys of their own', () => {
  assert.deepEqual(names('dy\r\u007f\u0003\u000c\u0015é日'), [
    ...['d', 'y', 'enter', 'backspace', 'interrupt', 'redraw', 'clear', 'é', '日'],
  ]);
  assert.deepEqual(names('\u001b'), ['escape']);
});

test('a sequence that is not known is left out whole, and types nothing', () => {
  assert.deepEqual(names('\u001b[1;5Cq'), ['q']);
  assert.deepEqual(names('\u001b[15~\u001b[200~'), []);
});

test('nothing that a terminal sends breaks it or types a control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (input) => {
      for (const key of decodeKeys(input)) {
        if (key.kind === 'text') assert.doesNotMatch(key.text, /\p{Cc}/u);
      }
    }),
  );
});
