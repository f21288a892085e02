// Filters with a person's name in them, and the name under which the directory has that person.

/** The filter with its words replaced by values that mean nothing but themselves [rfc4515 3]. */
export const fillFilter = (
  filter: string,
  values: { readonly user: string; readonly dn?: string },
): string =>
  // One pass: a name that reads "{dn}" stays a name.
  filter.replace(/\{(user|dn)\}/g, (_, word: 'user' | 'dn') => escapeValue(values[word] ?? ''));

/**
 * Where the directory keeps the name that somebody types: the first attribute that a filter
 * compares with {user}, and what it must begin and end with around the name.
 */
export interface NameRule {
  readonly attribute: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** null for a filter that compares nothing with the name, or less than the whole name. */
export function nameRuleOf(filter: string): NameRule | null {
  const match = /\(([a-z][\w-]*)=([^()*\\{}]*)\{user\}([^()*\\{}]*)\)/i.exec(filter);
  if (match === null) return null;
  const [, attribute = '', prefix = '', suffix = ''] = match;
  return { attribute, prefix, suffix };
}

/**
 * The person's one name. Directories do not mind capitals and blanks, and "Alice" must not be
 * another person than "alice" for what counts sessions or one-time passwords. `typed` where the
 * directory does not show a name that could be meant.
 */
export function nameOf(rule: NameRule | null, values: readonly string[], typed: string): string {
  if (rule === null) return typed;
  const names = values.flatMap((value) => nameIn(rule, value) ?? []);
  const alike = names.find((name) => fold(name) === fold(typed));
  return alike ?? names[0] ?? typed;
}

function nameIn({ prefix, suffix }: NameRule, value: string): string | null {
  const folded = value.toLowerCase();
  const name = value.slice(prefix.length, value.length - suffix.length);
  const sound =
    folded.startsWith(prefix.toLowerCase()) &&
    folded.endsWith(suffix.toLowerCase()) &&
    isPresentable(name);
  return sound ? name : null;
}

/** Fit for logs, headers and file lines, as names that people type must be. */
export const isPresentable = (name: string): boolean =>
  name.trim() !== '' && name.length <= MAX_NAME_CHARACTERS && !/\p{Cc}/u.test(name);

// As for names that are typed.
const MAX_NAME_CHARACTERS = 256;

const fold = (name: string): string => name.trim().replace(/ +/g, ' ').toLowerCase();

const escapeValue = (value: string): string =>
  value.replace(
    /[*()\\\0]/g,
    (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
