// Text as a terminal shows it: how many cells it fills, and what of a stranger's text it may see.

/**
 * Clients choose their names, host names and user agents, and nothing in them may steer a
 * terminal: control characters, characters that turn the direction of the text, line separators
 * and halves of surrogate pairs become "?", and of many marks on one letter four stay.
 */
export const printable = (text: string): string =>
  PLAIN.test(text)
    ? text
    : text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?').replace(/(\p{M}{4})\p{M}+/gu, '$1');

/** Cells that `text` fills; it has no control characters. */
export function cellsOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) cells += cellsOfGrapheme(segment);
  return cells;
}

/** `text` in at most `cells` cells, with "…" at its end where something is missing. */
export function shorten(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  let used = 0;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    used += cellsOfGrapheme(segment);
    if (used > cells - 1) break;
    kept += segment;
  }
  return cells < 1 ? '' : `${kept}…`;
}

/** With blanks behind it up to `cells` cells. */
export const padEnd = (text: string, cells: number): string =>
  text + ' '.repeat(Math.max(0, cells - cellsOf(text)));

/** With blanks before it up to `cells` cells. */
export const padStart = (text: string, cells: number): string =>
  ' '.repeat(Math.max(0, cells - cellsOf(text))) + text;

const PLAIN = /^[\x20-\x7e]*$/;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** East Asian Wide and Fullwidth (Unicode's UAX 11), in ranges as wide as their blocks. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Marks that stand alone fill nothing. */
const MARKS = /^\p{M}*$/u;

function cellsOfGrapheme(grapheme: string): number {
  if (MARKS.test(grapheme)) return 0;
  return WIDE.test(grapheme) || grapheme.includes('\ufe0f') ? 2 : 1;
}
