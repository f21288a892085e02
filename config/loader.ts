// From the text of wolfguard.toml to a Config, or to every mistake in it. A pure function over the
// text: no file is opened here; what only the disk knows is in disk.ts.
import { isTable, MISTAKE } from './kind.ts';
import type { Path, Say } from './kind.ts';
import { locate } from './positions.ts';
import { inOrder, renderProblems } from './problems.ts';
import type { Finding, Problem } from './problems.ts';
import { findContradictions } from './contradictions.ts';
import { isAvailable, sections } from './schema.ts';
import type { Config } from './schema.ts';
import { findStrangers } from './strangers.ts';
import { parseDocument } from './syntax.ts';
import type { Section } from './table.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config }
  | {
      readonly ok: false;
      /** In the order of the file, never empty. */
      readonly problems: readonly Problem[];
      /** The problems with source lines and carets, for people. */
      readonly output: string;
    };

/** Checks the whole text; `fileName` only names it in the output. Never throws. */
export function loadConfig(text: string, fileName: string): LoadResult {
  const { config, problems } = examine(text);
  if (problems.length === 0 && config !== undefined) return { ok: true, config };
  return { ok: false, problems, output: renderProblems(problems, text, fileName) };
}

export interface Examination {
  /** Holds defaults where values are wrong; undefined when the syntax is too broken to tell. */
  readonly config: Config | undefined;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** Gives findings about `config` their places. */
  readonly locate: (findings: readonly Finding[]) => Problem[];
}

/** The same for those who look further, as `wolfguard check` does. */
export function examine(fileText: string): Examination {
  const document = parseDocument(fileText.replace(/^\uFEFF/, ''));
  const { root } = document;
  if (root === undefined)
    return { config: undefined, problems: inOrder(document.problems), locate: () => [] };
  const findings = findStrangers(root);
  const config = build(root, findings);
  findings.push(...crossCheck(config, findings));
  const place = (found: readonly Finding[]): Problem[] => locate(found, document.text);
  return { config, problems: inOrder([...document.problems, ...place(findings)]), locate: place };
}

/** The path of a key that stands in a plain table, for findings. */
export const pathOf = (key: string): Path => key.split('.');

type Table = Readonly<Record<string, unknown>>;

function build(root: Table, findings: Finding[]): Config {
  const config: Record<string, unknown> = {};
  for (const [name, section] of sections) {
    if (!isAvailable(section)) continue;
    const path = name.split('.');
    const written = valueAt(root, path);
    const values =
      section.shape === 'list'
        ? buildList(name, section, written, root, findings)
        : buildTable(name, section, isTable(written) ? written : {}, path, findings);
    const [parent, child] = path;
    if (child === undefined) config[name] = values;
    else config[parent ?? ''] = { ...(config[parent ?? ''] as Table | undefined), [child]: values };
  }
  // ConfigOf computes for the compiler what the loop above builds from the same table.
  return config as unknown as Config;
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
    return section.required === undefined ? [buildTable(name, section, {}, [], findings)] : [];
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
      ...buildTable(name, section, table, path, findings),
      ...buildOverrides(section, table, root, path, findings),
    };
  });
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
  const built = build(merged, found) as unknown as Table;
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

const valueAt = (root: Table, path: Path): unknown =>
  path.reduce<unknown>((at, part) => (isTable(at) ? at[part] : undefined), root);

function buildTable(
  name: string,
  section: Section,
  written: Table,
  path: Path,
  findings: Finding[],
): Table {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(section.keys)) {
    if (!spec.available) continue;
    const full = `${name}.${key}`;
    const say: Say = (message, suggestion, at = []) => {
      findings.push({
        path: [...path, key, ...at],
        at: 'value',
        key: full,
        message: `${full}: ${message}`,
        suggestion,
      });
      return MISTAKE;
    };
    const parsed = Object.hasOwn(written, key) ? spec.kind.parse(written[key], say) : MISTAKE;
    values[key] = parsed === MISTAKE ? spec.kind.parse(spec.default, neverSaid(full)) : parsed;
  }
  return values;
}

/** A default that its own kind refuses is our bug. */
const neverSaid =
  (key: string): Say =>
  (message) => {
    throw new Error(`the default of ${key}: ${message}`);
  };

/** What no single value shows. */
function crossCheck(config: Config, findings: readonly Finding[]): Finding[] {
  const doubtful = new Set(findings.map(({ key }) => key));
  return findContradictions(config).filter(
    ({ key, also }) => !doubtful.has(key) && !also.some((other) => doubtful.has(other)),
  );
}
