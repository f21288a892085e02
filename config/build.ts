// From the tables of a parsed file to a Config: every section by its shape. What is wrong becomes a
// finding, and the default stands in its place.
import { isTable, MISTAKE } from './kind.ts';
import type { Path, Say } from './kind.ts';
import type { Finding } from './problems.ts';
import { isAvailable, sections } from './schema.ts';
import type { Config } from './schema.ts';
import type { Section } from './table.ts';
import { dotted, header } from './toml_text.ts';

type Table = Readonly<Record<string, unknown>>;

/** The whole configuration; what a file may not have at all is the business of strangers.ts. */
export function buildConfig(root: Table, findings: Finding[]): Config {
  // ConfigOf computes for the compiler what the loop in buildSections makes of the same table.
  return buildSections(root, findings) as unknown as Config;
}

function buildSections(root: Table, findings: Finding[]): Table {
  const config: Record<string, unknown> = {};
  for (const [name, section] of sections) {
    if (!isAvailable(section)) continue;
    const [parent = '', child] = name.split('.');
    const values = buildSection(name, section, root, findings);
    if (child === undefined) config[name] = values;
    else config[parent] = { ...(config[parent] as Table | undefined), [child]: values };
  }
  return config;
}

function buildSection(name: string, section: Section, root: Table, findings: Finding[]): unknown {
  const path = name.split('.');
  const written = valueAt(root, path);
  switch (section.shape) {
    case 'list':
      return buildList(name, section, written, root, findings);
    case 'named':
      return buildNamed(section, isTable(written) ? written : {}, path, findings);
    case 'table':
      return buildTable(section, isTable(written) ? written : {}, path, findings);
  }
}

/**
 * A list that nobody wrote is one table of defaults, or empty where defaults make no sense; a table
 * that somebody wrote has all required keys.
 */
function buildList(
  name: string,
  section: Section,
  written: unknown,
  root: Table,
  findings: Finding[],
): Table[] {
  if (!Array.isArray(written)) {
    return section.required === undefined
      ? [buildTable(section, {}, name.split('.'), findings)]
      : [];
  }
  return written.map((element: unknown, index) => {
    const path = [...name.split('.'), index];
    const table = isTable(element) ? element : {};
    for (const [key, spec] of Object.entries(section.keys)) {
      if (!isTable(element) || !spec.available || Object.hasOwn(table, key)) continue;
      if (section.required?.includes(key) === false) continue;
      const suggestion = `for example ${key} = ${spec.kind.example}`;
      const message = `[[${name}]] needs ${JSON.stringify(key)}`;
      findings.push({ path, at: 'key', key: `${name}.${key}`, message, suggestion });
    }
    return {
      ...buildTable(section, table, path, findings),
      ...buildOverrides(section, table, root, path, findings),
      ...buildLayers(section, table, path, findings),
    };
  });
}

/** The tables of a named section; a Map, since people may have any name, also "constructor". */
export function buildNamed(
  section: Section,
  written: Table,
  path: Path,
  findings: Finding[],
): ReadonlyMap<string, Table> {
  const tables = Object.entries(written).map(([name, value]): [string, Table] => {
    const table = isTable(value) ? value : {};
    const here = [...path, name];
    const own = buildTable(section, table, here, findings);
    return [name, { ...own, ...buildLayers(section, table, here, findings) }];
  });
  return new Map(tables);
}

/** The sections that a table takes over: its own keys over those of the file. */
function buildOverrides(
  section: Section,
  table: Table,
  root: Table,
  path: Path,
  findings: Finding[],
): Table {
  if (section.overrides.length === 0) return {};
  const merged: Record<string, unknown> = {};
  for (const name of section.overrides) merged[name] = overlay(root[name], table[name]);
  const found: Finding[] = [];
  const built = buildSections(merged, found);
  // What is wrong in the file's own sections has been said there.
  for (const finding of found) {
    const own = finding.path.slice(0, 2);
    if (valueAt(table, own) === undefined) continue;
    findings.push({ ...finding, path: [...path, ...finding.path] });
  }
  return Object.fromEntries(section.overrides.map((name) => [name, built[name]]));
}

/** Keys over keys, one level of sections down as well; lists replace lists. */
function overlay(below: unknown, above: unknown): unknown {
  if (!isTable(above)) return below;
  if (!isTable(below)) return above;
  const merged: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    merged[name] = isTable(value) && isTable(below[name]) ? { ...below[name], ...value } : value;
  }
  return merged;
}

/** Of the sections that lie over others, the keys that were written. */
function buildLayers(section: Section, table: Table, path: Path, findings: Finding[]): Table {
  const layers = section.layers.map((name): [string, Table] => {
    const written = table[name];
    const keys = Object.entries(sections.get(name)?.keys ?? {});
    const values: Record<string, unknown> = {};
    for (const [key, spec] of keys) {
      if (!spec.available || !isTable(written) || !Object.hasOwn(written, key)) continue;
      const here = [...path, name];
      const title = `${header(here)} ${key}`;
      const value = spec.kind.parse(written[key], sayAt([...here, key], title, findings));
      if (value !== MISTAKE) values[key] = value;
    }
    return [name, values];
  });
  return Object.fromEntries(layers);
}

function buildTable(section: Section, written: Table, path: Path, findings: Finding[]): Table {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(section.keys)) {
    if (!spec.available) continue;
    const here = [...path, key];
    const title = dotted(here);
    const parsed = Object.hasOwn(written, key)
      ? spec.kind.parse(written[key], sayAt(here, title, findings))
      : MISTAKE;
    values[key] = parsed === MISTAKE ? spec.kind.parse(spec.default, neverSaid(title)) : parsed;
  }
  return values;
}

const sayAt =
  (path: Path, title: string, findings: Finding[]): Say =>
  (message, suggestion, at = []) => {
    findings.push({
      path: [...path, ...at],
      at: 'value',
      key: dotted(path),
      message: `${title}: ${message}`,
      suggestion,
    });
    return MISTAKE;
  };

/** A default that its own kind refuses is our bug. */
const neverSaid =
  (key: string): Say =>
  (message) => {
    throw new Error(`the default of ${key}: ${message}`);
  };

const valueAt = (root: Table, path: Path): unknown =>
  path.reduce<unknown>((at, part) => (isTable(at) ? at[part] : undefined), root);
