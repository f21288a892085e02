// Kinds of values that any section may use; those about the network are in kinds_net.ts.
import { isTable, MISTAKE, quote, wrongType } from './kind.ts';
import type { Kind, Mistake, Say } from './kind.ts';
import { nearest } from './suggest.ts';

/** true or false, without quotes. */
export const boolean: Kind<boolean> = {
  name: 'boolean',
  expected: 'true or false',
  example: 'true',
  parse: (raw, say) => {
    if (typeof raw === 'boolean') return raw;
    const word = typeof raw === 'string' ? raw.toLowerCase() : '';
    return wrongType(boolean, raw, say, BOOLEAN_WORDS.get(word));
  },
};

const BOOLEAN_WORDS = new Map([
  ...['true', 'yes', 'on'].map((word) => [word, 'did you mean true?'] as const),
  ...['false', 'no', 'off'].map((word) => [word, 'did you mean false?'] as const),
]);

/** A whole number between two bounds, both included. */
export function integer(least: number, most: number): Kind<number> {
  const kind: Kind<number> = {
    name: 'integer',
    expected: 'an integer',
    example: String(least),
    parse: (raw, say) => {
      if (typeof raw === 'string' && /^\d{1,9}$/.test(raw))
        return wrongType(kind, raw, say, `did you mean ${Number(raw)}?`);
      if (typeof raw !== 'number') return wrongType(kind, raw, say);
      if (!Number.isInteger(raw)) return say(`expected a whole number, found ${raw}`);
      if (raw < least) return say(`${raw} is too small`, `the least is ${least}`);
      return raw > most ? say(`${raw} is too large`, `the most is ${most}`) : raw;
    },
  };
  return kind;
}

/** 0, or a whole number between two bounds. */
export function zeroOr(least: number, most: number): Kind<number> {
  const inner = integer(least, most);
  return {
    ...inner,
    name: `0 or ${least} to ${most}`,
    parse: (raw, say) => (raw === 0 ? 0 : inner.parse(raw, say)),
  };
}

/** One line of text; control characters are refused since text ends up in headers and in XML. */
export function text(options: { nonEmpty?: boolean; example?: string; name?: string } = {}) {
  const kind: Kind<string> = {
    name: options.name ?? 'text',
    expected: 'text in quotes',
    example: options.example ?? '"text"',
    parse: (raw, say) => {
      if (typeof raw !== 'string') return wrongType(kind, raw, say);
      if (/\p{Cc}/u.test(raw)) return say('must be one line without control characters');
      if (options.nonEmpty === true && raw === '')
        return say('must not be empty', `for example ${kind.example}`);
      return raw;
    },
  };
  return kind;
}

/** Text that means the same in a URL, however a client writes it [rfc3986 2.3]; may be empty. */
export const urlWord: Kind<string> = {
  name: 'word for a URL',
  expected: 'text in quotes',
  example: '"Xk3-tulip_42"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(urlWord, raw, say);
    // The longest target that a client may send has 255 characters.
    if (raw.length > 128) return say('is too long', 'at most 128 characters');
    return /^[A-Za-z0-9._~-]*$/.test(raw)
      ? raw
      : say(
          `${quote(raw)} would be written differently by different clients`,
          'letters, digits, ".", "_", "~" and "-"',
        );
  },
};

/** An absolute path of at most so many bytes. The working directory of a service is anybody's guess. */
export function path(example: string, mostBytes = 4095): Kind<string> {
  const plain = text({ nonEmpty: true, example: quote(example) });
  return {
    ...plain,
    name: 'path',
    parse: (raw, say) => {
      const value = plain.parse(raw, say);
      if (value === MISTAKE) return MISTAKE;
      if (!value.startsWith('/'))
        return say(`${quote(value)} is not an absolute path`, `for example ${plain.example}`);
      return Buffer.byteLength(value) > mostBytes
        ? say('the path is too long', `at most ${mostBytes} bytes`)
        : value;
    },
  };
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly [T, ...T[]]): Kind<T> {
  const names = words.map((word) => JSON.stringify(word));
  const kind: Kind<T> = {
    name: names.join(', '),
    expected: names.length === 1 ? names.join() : `one of ${names.join(', ')}`,
    example: names[0] ?? '',
    parse: (raw, say) => {
      if (typeof raw !== 'string') return wrongType(kind, raw, say);
      const found = words.find((word) => word === raw);
      if (found !== undefined) return found;
      const near = nearest(raw, words);
      return say(
        `${quote(raw)} is not known, expected ${kind.expected}`,
        near === undefined ? undefined : `did you mean ${quote(near)}?`,
      );
    },
  };
  return kind;
}

/** The kind, or null for "". */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => ({
  ...kind,
  name: `${kind.name} or ""`,
  parse: (raw, say) => (raw === '' ? null : kind.parse(raw, say)),
});

/** A list without repeated values. `plural` names the elements: "addresses". */
export function list<T>(element: Kind<T>, plural: string, options: { nonEmpty?: boolean } = {}) {
  const kind: Kind<readonly T[]> = {
    name: `list of ${plural}`,
    expected: `a list of ${plural}`,
    example: `[${element.example}]`,
    parse: (raw, say) => {
      if (typeof raw === 'string')
        return wrongType(kind, raw, say, `did you mean ${raw === '' ? '[]' : `[${quote(raw)}]`}?`);
      if (!Array.isArray(raw)) return wrongType(kind, raw, say);
      if (options.nonEmpty === true && raw.length === 0)
        return say('must not be empty', `for example ${kind.example}`);
      return parseElements(element, raw, say);
    },
  };
  return kind;
}

/** A value, or a list of such; a list of one means the same as the one alone. */
export function oneOrMore<T>(element: Kind<T>, plural: string): Kind<readonly T[]> {
  const many = list(element, plural, { nonEmpty: true });
  return {
    ...many,
    name: `${element.name}, or ${many.name}`,
    example: element.example,
    parse: (raw, say) => {
      if (Array.isArray(raw)) return many.parse(raw, say);
      const value = element.parse(raw, say);
      return value === MISTAKE ? MISTAKE : [value];
    },
  };
}

/** Header lines: a table of names and texts. */
export const headers: Kind<Readonly<Record<string, string>>> = {
  name: 'table of texts',
  expected: 'a table of header names and texts',
  example: '{ "X-Frame-Options" = "DENY" }',
  parse: (raw, say) => {
    if (!isTable(raw)) return wrongType(headers, raw, say);
    const line = text();
    let sound = true;
    for (const [name, value] of Object.entries(raw)) {
      const here: Say = (message, hint) => say(`${quote(name)}: ${message}`, hint, [name]);
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) here('is not a header name');
      else if (FRAMING_HEADERS.has(name.toLowerCase())) here('is set by the server itself');
      else if (line.parse(value, here) !== MISTAKE) continue;
      sound = false;
    }
    // A plain object: the TOML reader's has no prototype and would differ from the default's {}.
    return sound ? { ...(raw as Readonly<Record<string, string>>) } : MISTAKE;
  },
};

/** These delimit the answer: a second one would make clients lose their place in the stream. */
const FRAMING_HEADERS = new Set(['connection', 'content-length', 'transfer-encoding', 'upgrade']);

/** A value that the language knows and this version does not do yet is refused by name. */
export const onlyNow = <T, N extends T>(
  kind: Kind<T>,
  isNow: (value: T) => value is N,
  instead: string,
  example = kind.example,
): Kind<N> => ({
  ...kind,
  example,
  parse: (raw, say) => {
    const value = kind.parse(raw, say);
    if (value === MISTAKE) return MISTAKE;
    return isNow(value) ? value : say(`${JSON.stringify(value)} is not available yet`, instead);
  },
});

function parseElements<T>(element: Kind<T>, raw: readonly unknown[], say: Say): T[] | Mistake {
  const values: T[] = [];
  const seen = new Map<string, number>();
  for (const [index, item] of raw.entries()) {
    const here: Say = (message, hint, at = []) => say(message, hint, [index, ...at]);
    const value = element.parse(item, here);
    if (value === MISTAKE) continue;
    const first = seen.get(identity(value));
    if (first !== undefined) here(`is listed twice, first as number ${first + 1}`);
    else values.push(value);
    seen.set(identity(value), first ?? index);
  }
  return values.length === raw.length ? values : MISTAKE;
}

/** Equal for values that mean the same, however they were written. */
const identity = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
