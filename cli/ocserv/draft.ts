// A wolfguard.toml under construction, and its text. Sections keep the order in which they are
// first written to.

export type TomlValue =
  string | number | boolean | readonly TomlValue[] | { readonly [name: string]: TomlValue };

/** `tables` are sections below this one, `lists` are [[sections]]. */
export class DraftTable {
  readonly values = new Map<string, TomlValue>();
  readonly tables = new Map<string, DraftTable>();
  readonly lists = new Map<string, DraftTable[]>();

  set(name: string, value: TomlValue): void {
    this.values.set(name, value);
  }

  /** The section of that name, made where it is missing. */
  table(...path: readonly string[]): DraftTable {
    const [name, ...rest] = path;
    if (name === undefined) return this;
    const found = this.tables.get(name) ?? new DraftTable();
    this.tables.set(name, found);
    return found.table(...rest);
  }

  /** One more [[section]] of that name. */
  append(name: string): DraftTable {
    const made = new DraftTable();
    this.lists.set(name, [...(this.lists.get(name) ?? []), made]);
    return made;
  }
}

/** The whole text; ends with a newline. */
export const renderDraft = (root: DraftTable): string => renderTable(root, []).join('\n\n') + '\n';

/** One block for each section, its own values first. */
function renderTable(table: DraftTable, path: readonly string[], head?: string): string[] {
  const lines = [...table.values].map(([name, value]) => `${renderKey(name)} = ${render(value)}`);
  const header = head ?? (path.length === 0 ? undefined : `[${renderPath(path)}]`);
  const own = [...(header === undefined ? [] : [header]), ...lines];
  // A section with nothing of its own is named by those below it.
  const needed = lines.length > 0 || head !== undefined;
  return [
    ...(needed ? [own.join('\n')] : []),
    ...[...table.tables].flatMap(([name, child]) => renderTable(child, [...path, name])),
    ...[...table.lists].flatMap(([name, all]) =>
      all.flatMap((child) => {
        const here = [...path, name];
        return renderTable(child, here, `[[${renderPath(here)}]]`);
      }),
    ),
  ];
}

const renderPath = (path: readonly string[]): string => path.map(renderKey).join('.');

const renderKey = (name: string): string => (/^[\w-]+$/.test(name) ? name : quote(name));

/** JSON knows half surrogate pairs and takes DEL as it is; TOML does neither. */
const quote = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replaceAll('\u007F', String.raw`\u007F`);

function render(value: TomlValue): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    const items = (value as readonly TomlValue[]).map(render);
    const line = `[${items.join(', ')}]`;
    return line.length <= LINE_WIDTH ? line : `[\n${items.map((item) => `  ${item},\n`).join('')}]`;
  }
  const pairs = Object.entries(value).map(([name, one]) => `${renderKey(name)} = ${render(one)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

const LINE_WIDTH = 90;
