// Just enough TOML to write a configuration.

export type Value = string | number | boolean | readonly Value[] | Table;

export interface Table {
  readonly [key: string]: Value;
}

/** By section ("auth.file"), then by key; a list of tables where the section is one, "vhost". */
export type Settings = Readonly<Record<string, Table | readonly Table[]>>;

/** The text of `settings` with `changes` laid over them, key by key; lists replace. */
export function renderToml(settings: Settings, changes: Settings): string {
  const sections = new Set([...Object.keys(settings), ...Object.keys(changes)]);
  const lines: string[] = [];
  for (const section of sections) {
    const [before = {}, after = {}] = [settings[section], changes[section]];
    if (areTables(after)) {
      for (const table of after) lines.push(`[[${section}]]`, ...renderKeys(table));
    } else {
      lines.push(
        `[${section}]`,
        ...renderKeys(areTables(before) ? after : { ...before, ...after }),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const renderKeys = (table: Table): string[] =>
  Object.entries(table).map(([key, value]) => `${key} = ${renderValue(value)}`);

function renderValue(value: Value): string {
  if (isList(value)) return `[${value.map(renderValue).join(', ')}]`;
  if (typeof value === 'object') return `{ ${renderKeys(value).join(', ')} }`;
  // JSON's strings, numbers and booleans are TOML's, too.
  return JSON.stringify(value);
}

function areTables(section: Table | readonly Table[]): section is readonly Table[] {
  return Array.isArray(section);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
