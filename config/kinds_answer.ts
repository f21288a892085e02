// Kinds of values that end up in the answer to CONNECT.
import { OWN_HEADERS } from '../core/connect/own_headers.ts';
import { fillPlaceholders, PLACEHOLDERS } from '../core/policy/placeholders.ts';
import { MISTAKE, quote } from './kind.ts';
import type { Kind, Say } from './kind.ts';
import { headers, text } from './kinds.ts';
import { nearest } from './suggest.ts';

/** Lines of [policy] headers: none of those that the server sends itself. */
export const answerHeaders: Kind<Readonly<Record<string, string>>> = {
  ...headers,
  example: '{ "X-CSTP-Group" = "{group}" }',
  parse: (raw, say) => {
    const lines = headers.parse(raw, say);
    if (lines === MISTAKE) return MISTAKE;
    const seen = new Map<string, string>();
    let sound = true;
    for (const [name, value] of Object.entries(lines)) {
      const here: Say = (message, hint) => say(`${quote(name)}: ${message}`, hint, [name]);
      const folded = name.toLowerCase();
      const own = OWN_HEADERS.get(folded);
      const first = seen.get(folded);
      seen.set(folded, name);
      if (own !== undefined)
        here('is sent by the server itself', own === '' ? undefined : `set ${own} instead`);
      else if (first !== undefined) here(`is the same header as ${quote(first)}`);
      else if (checkPlaceholders(value, here)) continue;
      sound = false;
    }
    return sound ? lines : MISTAKE;
  },
};

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
