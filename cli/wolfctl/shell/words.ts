// A line of the shell as words: blanks part them, quotes and backslashes keep them together.
//
//   show user 'anna maria'      three words
//   show user anna\ ma          three, the last of them still being typed

export interface Words {
  readonly words: readonly string[];
  /** Where the last word begins in the line; behind the line when the next one has not begun. */
  readonly lastAt: number;
  /** The quote that is open at the end of the line. */
  readonly openQuote: '"' | "'" | null;
}

/** The last of `words` is what is being typed: "" behind a blank and in an empty line. */
export function parseWords(line: string): Words {
  const words: string[] = [];
  let word = '';
  let lastAt = 0;
  let begun = false;
  let quote: Words['openQuote'] = null;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote === null && BLANK.test(character)) {
      if (begun) words.push(word);
      word = '';
      begun = false;
      lastAt = at + 1;
    } else if (character === '\\' && quote !== "'" && at + 1 < line.length) {
      at += 1;
      word += line.charAt(at);
      begun = true;
    } else if (quote === null && (character === '"' || character === "'")) {
      quote = character;
      begun = true;
    } else if (character === quote) {
      quote = null;
    } else {
      word += character;
      begun = true;
    }
  }
  return { words: [...words, word], lastAt, openQuote: quote };
}

/** The words of a whole line. A quote that is never closed ends with the line. */
export function splitLine(line: string): readonly string[] {
  const { words, lastAt } = parseWords(line);
  return lastAt >= line.length && words.at(-1) === '' ? words.slice(0, -1) : words;
}

/** As it has to be typed to be this one word. */
export const quoteWord = (word: string): string =>
  SIMPLE.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const BLANK = /\s/;
const SIMPLE = /^[^\s'"\\]+$/;
