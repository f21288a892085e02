import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseWords, quoteWord, splitLine } from '../../../../cli/wolfctl/shell/words.ts';

test('blanks part words, quotes and backslashes keep them together', () => {
  assert.deepEqual(splitLine('  show   user\talice '), ['show', 'user', 'alice']);
  assert.deepEqual(splitLine(`show user 'anna maria' "o'neil" a\\ b`), [
    'show',
    'user',
    'anna maria',
    "o'neil",
    'a b',
  ]);
  assert.deepEqual(splitLine(`show user ""`), ['show', 'user', '']);
  assert.deepEqual(splitLine(''), []);
});

test('a quote that is not closed ends with the line', () => {
  assert.deepEqual(splitLine(`show user 'anna ma`), ['show', 'user', 'anna ma']);
  assert.equal(parseWords(`user 'anna ma`).openQuote, "'");
});

test('the word that is being typed is known with its place', () => {
  assert.deepEqual(parseWords('show us'), { words: ['show', 'us'], lastAt: 5, openQuote: null });
  assert.deepEqual(parseWords('show '), { words: ['show', ''], lastAt: 5, openQuote: null });
});

test('a quoted word is read as what it was', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (word) => {
      assert.deepEqual(splitLine(`show ${quoteWord(word)}`), ['show', word]);
    }),
  );
});
