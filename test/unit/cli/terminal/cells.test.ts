import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellsOf, padEnd, padStart, printable, shorten } from '../../../../cli/terminal/cells.ts';
import { renderJson } from '../../../../cli/terminal/json.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test('nothing that a client calls itself steers the terminal', () => {
  assert.equal(printable('\u001b]0;owned\u0007\u009b31m'), '?]0;owned??31m');
  assert.equal(printable('a\u202eb\u2066c\ud800d\u2028e'), 'a?b?c?d?e');
  fc.assert(fc.property(anyText, (text) => !STEERING.test(printable(text))));
});

test('a letter does not carry marks over the lines around it', () => {
  assert.equal(printable(`z${'\u0301'.repeat(50)}`), `z${'\u0301'.repeat(4)}`);
});

test('wide characters fill two cells, marks none', () => {
  assert.deepEqual(
    ['abc', '日本', 'é', 'e\u0301', '한', '🙂', 'ﾊ', '\u0301'].map(cellsOf),
    [3, 4, 1, 1, 2, 2, 1, 0],
  );
});

test('a shortened text fits, and says that it is one', () => {
  assert.equal(shorten('anna', 4), 'anna');
  assert.equal(shorten('annabel', 4), 'ann…');
  assert.equal(shorten('日本語', 4), '日…');
  assert.equal(shorten('anna', 0), '');
  fc.assert(
    fc.property(anyText, fc.nat(20), (text, cells) => {
      assert.ok(cellsOf(shorten(printable(text), cells)) <= cells);
    }),
  );
});

test('padding counts cells, not characters', () => {
  assert.equal(padEnd('日', 4), '日  ');
  assert.equal(padStart('日', 4), '  日');
  assert.equal(padEnd('long', 2), 'long');
});

test('JSON on a terminal does not steer it, and a parser reads the same', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const json = renderJson({ text });
      assert.doesNotMatch(json.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.deepEqual(JSON.parse(json), { text });
    }),
  );
  assert.match(renderJson('\u009b31m'), /^"\\u009b31m"\n$/);
});
