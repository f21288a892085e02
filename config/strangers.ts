// Finds what is written in a file and may not be: unknown keys, keys still to come, and tables of
// the wrong shape. What the values mean is the loader's business.
import { isTable, quote } from './kind.ts';
import type { Path } from './kind.ts';
import type { Finding } from './problems.ts';
import { isAvailable, keyOf, sections } from './schema.ts';
import { nearest } from './suggest.ts';
import type { Section } from './table.ts';
import { dotted, header } from './toml_text.ts';

type Table = Readonly<Record<string, unknown>>;

/** All findings in the tables of a parsed file, in no particular order. */
export const findStrangers = (root: Table): Finding[] => inspectTable(root, '', []);

/** `section` is '' outside any section. */
function inspectTable(table: Table, section: string, path: Path): Finding[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const here = [...path, name];
    const spec = keyOf(section, name);
    if (spec !== undefined) return spec.available ? [] : [notYet(here, dotted(here))];
    // [[vhost]] tls = { … } holds keys of [tls], and [user.NAME.policy] those of [policy].
    const { overrides = [], layers = [] } = sections.get(section) ?? {};
    const isElsewhere = overrides.includes(name) || layers.includes(name);
    const full = section === '' || isElsewhere ? name : `${section}.${name}`;
    const inner = sections.get(full);
    if (inner !== undefined) return inspectSection(inner, full, value, here);
    return [unknown(name, section, value, here)];
  });
}

function inspectSection(section: Section, name: string, value: unknown, path: Path): Finding[] {
  if (section.shape === 'list') {
    if (!Array.isArray(value)) return [wrongShape(path, `write [[${name}]]`)];
    return value.flatMap((element: unknown, index) => {
      const here = [...path, index];
      if (!isTable(element)) return [wrongShape(here, `write [[${name}]]`)];
      return isAvailable(section)
        ? inspectTable(element, name, here)
        : [notYet(here, `[[${name}]]`)];
    });
  }
  const written = section.shape === 'named' ? `[${name}.NAME.policy]` : header(path);
  if (!isTable(value)) return [wrongShape(path, `write ${written}`)];
  if (Object.keys(value).length === 0 && !isAvailable(section)) return [notYet(path, header(path))];
  return section.shape === 'named'
    ? Object.entries(value).flatMap(([own, inner]) => inspectNamed(name, inner, [...path, own]))
    : inspectTable(value, name, path);
}

function inspectNamed(section: string, value: unknown, path: Path): Finding[] {
  if (!isTable(value)) return [wrongShape(path, `write ${header([...path, 'policy'])}`)];
  const own = path.at(-1);
  if (own !== '') return inspectTable(value, section, path);
  const message = `${header(path)}: a ${section} has a name`;
  return [{ path, at: 'key', key: section, message, suggestion: undefined }];
}

const notYet = (path: Path, key: string): Finding => ({
  path,
  at: 'key',
  key: key.replaceAll(/[[\]]/g, ''),
  message: `${key} is not available yet`,
  suggestion: undefined,
});

const wrongShape = (path: Path, suggestion: string): Finding => ({
  path,
  at: 'value',
  key: dotted(path),
  message: `${dotted(path)} must be a section`,
  suggestion,
});

function unknown(name: string, section: string, value: unknown, path: Path): Finding {
  const full = section === '' ? name : `${section}.${name}`;
  const meant = isTable(value) ? nearestSection(full) : undefined;
  const suggestion = meant ?? nearestKey(name, section) ?? nearestSection(full);
  const isSection = isTable(value) || (Array.isArray(value) && value.some(isTable));
  const place = section === '' ? 'outside any section' : `in ${header(path.slice(0, -1))}`;
  return {
    path,
    at: 'key',
    key: dotted(path),
    message: isSection ? `unknown section ${header(path)}` : `unknown key ${quote(name)} ${place}`,
    suggestion: suggestion === undefined ? undefined : `did you mean ${suggestion}?`,
  };
}

/** In the same section first, then the very name elsewhere, then a near one elsewhere. */
function nearestKey(name: string, section: string): string | undefined {
  const { keys: ownKeys = {}, overrides = [], layers = [] } = sections.get(section) ?? {};
  const own = nearest(name, [...Object.keys(ownKeys), ...overrides, ...layers]);
  if (own !== undefined) return quote(own);
  const others = [...sections].flatMap(([other, { keys }]) =>
    Object.keys(keys).map((key) => ({ key, full: `${other}.${key}` })),
  );
  const same = others.find(({ key }) => key === name);
  if (same !== undefined) return same.full;
  const near = nearest(
    name,
    others.map(({ key }) => key),
  );
  return others.find(({ key }) => key === near)?.full;
}

function nearestSection(full: string): string | undefined {
  const near = nearest(full, [...sections.keys()]);
  if (near === undefined) return undefined;
  return sections.get(near)?.shape === 'list' ? `[[${near}]]` : `[${near}]`;
}
