// A wolfguard.toml under construction, and its text. Sections keep the order in which they are
// first written to.

export type TomlValue =
  string | number | boolean | readonly TomlValue[] | { readonly [name: string]: TomlValue };

/** The line of ocserv.conf that is being translated: whoever sets a value now does so because of it. */
export interface Origin {
  /** "FILE:LINE: OPTION"; '' = nobody wrote it. */
  text: string;
}

/** `tables` are sections below this one, `lists` are [[sections]]. */
export class DraftTable {
  readonly values = new Map<string, TomlValue>();
  /** By name of the value. */
  readonly origins = new Map<string, string>();
  readonly tables = new Map<string, DraftTable>();
  readonly lists = new Map<string, DraftTable[]>();
  /** One for the whole draft. */
  readonly origin: Origin;

  constructor(origin: Origin = { text: '' }) {
    this.origin = origin;
  }

  set(name: string, value: TomlValue): void {
    this.values.set(name, value);
    this.origins.set(name, this.origin.text);
  }

  /** The section of that name, made where it is missing. */
  table(...path: readonly string[]): DraftTable {
    const [name, ...rest] = path;
    if (name === undefined) return this;
    const found = this.tables.get(name) ?? new DraftTable(this.origin);
    this.tables.set(name, found);
    return found.table(...rest);
  }

  /** One more [[section]] of that name. */
  append(name: string): DraftTable {
    const made = new DraftTable(this.origin);
    this.lists.set(name, [...(this.lists.get(name) ?? []), made]);
    return made;
  }
}

/** The whole text; ends with a newline. */
export const renderDraft = (root: DraftTable): string => renderTable(root, []).join('\n\n') + '\n';

/** Where the value in a line of the rendered text comes from; `line` from 1. '' = nobody wrote it. */
export function originOf(root: DraftTable, line: number): string {
  const all = renderTable(root, [], undefined, true).join('\n\n').split('\n');
  // A value may go over several lines, and its origin stands in front of the first.
  const before = all.slice(0, line).findLast((text) => text.startsWith(ORIGIN_MARK));
  return before?.split(ORIGIN_END, 1)[0]?.slice(ORIGIN_MARK.length) ?? '';
}

/** No text of a rendered value begins with them: control characters are escaped there. */
const ORIGIN_MARK = '\u0001';
const ORIGIN_END = '\u0002';

/** One block for each section, its own values first. */
function renderTable(
  table: DraftTable,
  path: readonly string[],
  head?: string,
  marked = false,
): string[] {
  const lines = [...table.values].map(([name, value]) => {
    const mark = marked ? `${ORIGIN_MARK}${table.origins.get(name) ?? ''}${ORIGIN_END}` : '';
    return `${mark}${renderKey(name)} = ${render(value)}`;
  });
  const title = head ?? (path.length === 0 ? undefined : `[${renderPath(path)}]`);
  const header = title === undefined || !marked ? title : `${ORIGIN_MARK}${ORIGIN_END}${title}`;
  const own = [...(header === undefined ? [] : [header]), ...lines];
  // A section with nothing of its own is named by those below it.
  const needed = lines.length > 0 || head !== undefined;
  return [
    ...(needed ? [own.join('\n')] : []),
    ...[...table.tables].flatMap(([name, child]) =>
      renderTable(child, [...path, name], undefined, marked),
    ),
    ...[...table.lists].flatMap(([name, all]) =>
      all.flatMap((child) => {
        const here = [...path, name];
        return renderTable(child, here, `[[${renderPath(here)}]]`, marked);
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
