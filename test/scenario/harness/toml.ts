// Just enough TOML to write a configuration: tables of strings, numbers, booleans and lists.

export type Value = string | number | boolean | readonly string[];

/** By section ("auth.file"), then by key. */
export type Settings = Readonly<Record<string, Readonly<Record<string, Value>>>>;

/** The text of `settings` with `changes` laid over them, key by key. */
export function renderToml(settings: Settings, changes: Settings): string {
  const sections = new Set([...Object.keys(settings), ...Object.keys(changes)]);
  const lines: string[] = [];
  for (const section of sections) {
    lines.push(`[${section}]`);
    for (const [key, value] of Object.entries({ ...settings[section], ...changes[section] })) {
      // JSON's strings, numbers, booleans and lists of strings are TOML's, too.
      lines.push(`${key} = ${JSON.stringify(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
