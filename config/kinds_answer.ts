// Kinds of values that end up in answers to clients.
import { OWN_HEADERS } from '../core/connect/own_headers.ts';
import { fillPlaceholders, PLACEHOLDERS } from '../core/policy/placeholders.ts';
import { MISTAKE, quote } from './kind.ts';
import type { Kind, Say } from './kind.ts';
import { headers, text } from './kinds.ts';
import { nearest } from './suggest.ts';

type Lines = Readonly<Record<string, string>>;

/** Lines of [policy] headers: none of those that the server sends itself. */
export const answerHeaders: Kind<Lines> = linesBut(
  OWN_HEADERS,
  '{ "X-CSTP-Group" = "{group}" }',
  checkPlaceholders,
);

/** Lines of [http] headers: none of those that say what an answer is. */
export const siteHeaders: Kind<Lines> = linesBut(
  new Map(
    ['content-type', 'date', 'allow', 'www-authenticate', 'x-reason', 'x-transcend-version'].map(
      (name) => [name, ''],
    ),
  ),
  headers.example,
  () => true,
);

/** `own`: what may not be set, in lower case, and the key that sets it instead; '' = none does. */
function linesBut(
  own: ReadonlyMap<string, string>,
  example: string,
  isSound: (value: string, say: Say) => boolean,
): Kind<Lines> {
  return {
    ...headers,
    example,
    parse: (raw, say) => {
      const lines = headers.parse(raw, say);
      if (lines === MISTAKE) return MISTAKE;
      const seen = new Map<string, string>();
      let sound = true;
      for (const [name, value] of Object.entries(lines)) {
        const here: Say = (message, hint) => say(`${quote(name)}: ${message}`, hint, [name]);
        const folded = name.toLowerCase();
        const key = own.get(folded);
        const first = seen.get(folded);
        seen.set(folded, name);
        if (key !== undefined)
          here('is sent by the server itself', key === '' ? undefined : `set ${key} instead`);
        else if (first !== undefined) here(`is the same header as ${quote(first)}`);
        else if (isSound(value, here)) continue;
        sound = false;
      }
      return sound ? lines : MISTAKE;
    },
  };
}

/** Where a proxy auto-configuration lies; "" = none. */
export const pacUrl: Kind<string> = {
  name: 'URL or ""',
  expected: 'a URL in quotes',
  example: '"https://proxy.example.com/{group}.pac"',
  parse: (raw, say) => {
    const value = text().parse(raw, say);
    if (value === MISTAKE || value === '') return value;
    if (!checkPlaceholders(value, say)) return MISTAKE;
    const url = URL.parse(fillPlaceholders(value, { user: 'a', group: 'b' }));
    const isWeb = url !== null && ['http:', 'https:'].includes(url.protocol);
    return isWeb && !/[\s"<>]/.test(value)
      ? value
      : say(`${quote(value)} is no address of a web page`, `for example ${pacUrl.example}`);
  },
};

/** A word in braces that looks like one of ours and is none is a slip; JSON in a value is none. */
function checkPlaceholders(value: string, say: Say): boolean {
  for (const [whole, word = ''] of value.matchAll(/\{\s*(\w+)\s*\}/g)) {
    if (PLACEHOLDERS.some((name) => whole === `{${name}}`)) continue;
    const meant = nearest(word, PLACEHOLDERS);
    if (meant === undefined) continue;
    say(`${quote(whole)} is not replaced`, `did you mean "{${meant}}"?`);
    return false;
  }
  return true;
}
