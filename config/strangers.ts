// Finds what is written in a file and may not be: unknown keys, keys still to come, and tables of
// the wrong shape. What the values mean is the loader's business.
import { isTable, quote } from './kind.ts';
import type { Path } from './kind.ts';
import type { Finding } from './problems.ts';
import { isAvailable, keyOf, sections } from './schema.ts';
import { nearest } from './suggest.ts';
import type { Section } from './table.ts';

type Table = Readonly<Record<string, unknown>>;

/** All findings in the tables of a parsed file, in no particular order. */
export const findStrangers = (root: Table): Finding[] => inspectTable(root, '', []);

/** `section` is '' outside any section. */
function inspectTable(table: Table, section: string, path: Path): Finding[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const here = [...path, name];
    const spec = keyOf(section, name);
    if (spec !== undefined) return spec.available ? [] : [notYet(here, `${section}.${name}`)];
    // [[vhost]] tls = { … } holds keys of [tls].
    const overrides = sections.get(section)?.overrides.includes(name) === true;
    const full = section === '' || overrides ? name : `${section}.${name}`;
    const inner = sections.get(full);
    if (inner !== undefined) return inspectSection(inner, full, value, here);
    return [unknown(name, section, value, here)];
  });
}

function inspectSection(section: Section, name: string, value: unknown, path: Path): Finding[] {
  if (section.shape === 'list') {
    if (!Array.isArray(value)) return [wrongShape(name, `write [[${name}]]`, path)];
    return value.flatMap((element: unknown, index) => {
      const here = [...path, index];
      if (!isTable(element)) return [wrongShape(name, `write [[${name}]]`, here)];
      return isAvailable(section)
        ? inspectTable(element, name, here)
        : [notYet(here, `[[${name}]]`)];
    });
  }
  if (!isTable(value)) return [wrongShape(name, `write [${name}]`, path)];
  const names = Object.keys(value);
  if (names.length === 0 && !isAvailable(section)) return [notYet(path, `[${name}]`)];
  if (section.shape === 'named')
    return names.map((own) => notYet([...path, own], `[${name}.${own}]`));
  return inspectTable(value, name, path);
}

const notYet = (path: Path, key: string): Finding => ({
  path,
  at: 'key',
  key: key.replaceAll(/[[\]]/g, ''),
  message: `${key} is not available yet`,
  suggestion: undefined,
});

const wrongShape = (key: string, suggestion: string, path: Path): Finding => ({
  path,
  at: 'value',
  key,
  message: `${key} must be a section`,
  suggestion,
});

function unknown(name: string, section: string, value: unknown, path: Path): Finding {
  const full = section === '' ? name : `${section}.${name}`;
  const meant = isTable(value) ? nearestSection(full) : undefined;
  const suggestion = meant ?? nearestKey(name, section) ?? nearestSection(full);
  const isSection = isTable(value) || (Array.isArray(value) && value.some(isTable));
  const place = section === '' ? 'outside any section' : `in [${section}]`;
  return {
    path,
    at: 'key',
    key: full,
    message: isSection ? `unknown section [${full}]` : `unknown key ${quote(name)} ${place}`,
    suggestion: suggestion === undefined ? undefined : `did you mean ${suggestion}?`,
  };
}

/** In the same section first, then the very name elsewhere, then a near one elsewhere. */
function nearestKey(name: string, section: string): string | undefined {
  const own = nearest(name, Object.keys(sections.get(section)?.keys ?? {}));
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
