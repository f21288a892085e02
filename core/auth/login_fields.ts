// What a client answers a form with, whichever body it came in [oc 4.4, 4.10].

/** Form values by input name, and the group if one was chosen. */
export interface LoginFields {
  readonly fields: Readonly<Record<string, string>>;
  readonly group: string | null;
}

/** Our forms have two inputs; the longest known reply has a dozen elements. */
const MAX_FIELDS = 32;
/** A password or a token; hashing time grows with it. */
const MAX_VALUE_LENGTH = 8 * 1024;
const MAX_GROUP_LENGTH = 64;

/** Checks names and values; a reason in words when one is not acceptable. */
export function collectFields(
  entries: Iterable<readonly [string, string]>,
): LoginFields | { readonly reason: string } {
  const fields = new Map<string, string>();
  let group: string | null = null;
  let count = 0;
  for (const [name, value] of entries) {
    if (++count > MAX_FIELDS) return { reason: `more than ${MAX_FIELDS} form values` };
    if (!isFieldName(name)) return { reason: 'a form value has no proper name' };
    if (value.length > MAX_VALUE_LENGTH) return { reason: 'a form value is too long' };
    if (/\p{Cc}/u.test(value)) return { reason: 'a form value holds control characters' };
    // One of these two names, by the kind of body; an empty choice is none.
    if (name === 'group_list' || name === 'group-select') group = groupName(value);
    else fields.set(name, value);
  }
  return { fields: Object.fromEntries(fields), group };
}

/** Ours are words; what else a client may send is bounded. */
export const isFieldName = (name: string): boolean => /^[A-Za-z][\w.-]{0,63}$/.test(name);

/** The group's name, or null where the text cannot be one. */
export function groupName(text: string): string | null {
  const name = text.trim();
  return name === '' || name.length > MAX_GROUP_LENGTH || /\p{Cc}/u.test(name) ? null : name;
}
