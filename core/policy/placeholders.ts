// {user} and {group} in texts of [policy], which stand for the session's own.

/** What may stand in braces. */
export const PLACEHOLDERS = ['user', 'group'] as const;

export type Replacements = Readonly<Record<(typeof PLACEHOLDERS)[number], string>>;

/** In one pass: a user called "{group}" stays one. `encode` makes each value fit its place. */
export const fillPlaceholders = (
  text: string,
  { user, group }: Replacements,
  encode: (value: string) => string = String,
): string => text.replace(/\{(user|group)\}/g, (_, name) => encode(name === 'user' ? user : group));
