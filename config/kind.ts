// What a kind of value is: its name in the manual, an example, and the parser from TOML to the
// value that the server works with. The kinds themselves are in kinds.ts and kinds_net.ts.

/** List indexes and table keys that lead from a table to a value inside it. */
export type Path = readonly (string | number)[];

/** What a parser returns after it has reported why. */
export const MISTAKE = Symbol('mistake');
export type Mistake = typeof MISTAKE;

/**
 * Reports a mistake in the value at hand; a parser ends with `return say(…)`. `hint` is a phrase such as `did you mean "5m"?`; `at` leads to the element.
 */
export type Say = (message: string, hint?: string, at?: Path) => Mistake;

export interface Kind<T> {
  /** For the manual: "duration". */
  readonly name: string;
  /** For a sentence: "a duration". */
  readonly expected: string;
  /** As it stands in the file: `"5m"`. */
  readonly example: string;
  readonly parse: (raw: unknown, say: Say) => T | Mistake;
}

/** "expected a duration, found a number", with the hint or else the kind's example. */
export const wrongType = (kind: Kind<unknown>, raw: unknown, say: Say, hint?: string): Mistake =>
  say(`expected ${kind.expected}, found ${describe(raw)}`, hint ?? `for example ${kind.example}`);

/** True for a TOML table; dates and lists are none. */
export const isTable = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);

/** Text as a TOML string, cut where it is too long for a sentence. */
export function quote(text: string): string {
  // Longer than any address, key or duration; a path that long is still recognised.
  const most = 60;
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text);
}

function describe(raw: unknown): string {
  if (Array.isArray(raw)) return 'a list';
  if (raw instanceof Date) return 'a date';
  return typeof raw === 'object' ? 'a table' : `a ${typeof raw}`;
}
