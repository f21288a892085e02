// What one configuration changes in another, key by key, with the values as people wrote them.
import { isDeepStrictEqual } from 'node:util';
import type { ReloadChange, ReloadEffect } from '../core/ipc/reload_plan.ts';
import { isTable } from './kind.ts';
import type { Path } from './kind.ts';
import type { WrittenConfig } from './loader.ts';
import { isAvailable, sections } from './schema.ts';
import type { Key, Section } from './table.ts';
import { dotted } from './toml_text.ts';

/** Both sides of a comparison. */
interface Pair<T> {
  readonly before: T;
  readonly after: T;
}

/** Compares what the values mean, not how they were written; in the order of the schema. */
export function diffReload(before: WrittenConfig, after: WrittenConfig): ReloadChange[] {
  const changes = compare(before, after);
  // What nobody has written down cannot be shown.
  return before.root !== null && after.root !== null
    ? changes
    : changes.map((found) => ({ ...found, before: null, after: null, secret: true }));
}

function compare(before: WrittenConfig, after: WrittenConfig): ReloadChange[] {
  const values = { before: before.config, after: after.config };
  const written = { before: before.root, after: after.root };
  return [...sections].flatMap(([name, section]) => {
    if (!isAvailable(section)) return [];
    const path = name.split('.');
    const [own, asWritten] = [inside(values, path), inside(written, path)];
    switch (section.shape) {
      case 'table':
        return changedKeys(name, section, own, asWritten);
      case 'list':
        return name === 'vhost'
          ? changedHosts(section, own, asWritten)
          : changedList(name, section, own, asWritten);
      case 'named':
        return changedNames(name, section, own, asWritten);
    }
  });
}

/** The keys of a plain table; one that is not written has its default. */
const changedKeys = (
  name: string,
  { keys, effect }: Section,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] =>
  Object.entries(keys).flatMap(([key, spec]) => {
    const shown = inside(written, [key]);
    return spec.available && differ(inside(values, [key]))
      ? [
          change([name], key, spec, effect, {
            before: shown.before ?? spec.default,
            after: shown.after ?? spec.default,
          }),
        ]
      : [];
  });

/** Chains and their like are compared as a whole. */
function changedList(
  name: string,
  { effect }: Section,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] {
  if (!differ(values)) return [];
  const path = name.split('.');
  const key = path.pop() ?? name;
  const before = written.before ?? null;
  const after = written.after ?? null;
  return [{ section: path.join('.'), key, before, after, secret: false, effect }];
}

/** Groups and users: one that is not there says what an empty one says. */
function changedNames(
  name: string,
  section: Section,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] {
  const [before, after] = [values.before, values.after] as ReadonlyMap<string, unknown>[];
  const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...names].flatMap((own) => {
    const tables = { before: before?.get(own), after: after?.get(own) };
    const shown = inside(written, [own]);
    return [
      ...changedOwn([name, own], section, tables, shown),
      ...changedLayers([name, own], section, tables, shown),
    ];
  });
}

/** Virtual hosts are known by their names, whatever their order. */
function changedHosts(
  section: Section,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] {
  const byName = (list: unknown, names: unknown): Map<string, unknown> =>
    new Map((names as Host[]).map(({ name }, index) => [name.toLowerCase(), asList(list)[index]]));
  const hosts = {
    before: byName(values.before, values.before),
    after: byName(values.after, values.after),
  };
  const shown = {
    before: byName(written.before, values.before),
    after: byName(written.after, values.after),
  };
  const names = { before: [...hosts.before.keys()], after: [...hosts.after.keys()] };
  if (differ({ before: names.before.toSorted(), after: names.after.toSorted() }))
    return [{ section: '', key: 'vhost', ...names, secret: false, effect: section.effect }];
  return names.after.flatMap((name) => {
    const host = { before: hosts.before.get(name), after: hosts.after.get(name) };
    const table = { before: shown.before.get(name), after: shown.after.get(name) };
    return [
      ...changedOwn(['vhost', name], section, host, table),
      ...section.overrides.flatMap((over) => changedOverrides(['vhost', name], over, host, table)),
      ...changedLayers(['vhost', name], section, host, table),
    ];
  });
}

interface Host {
  readonly name: string;
}

/** The keys that a named table or a host has besides its sections. */
const changedOwn = (
  path: Path,
  { keys, effect }: Section,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] =>
  Object.entries(keys).flatMap(([key, spec]) =>
    spec.available && key !== 'name' && differ(inside(values, [key]), null)
      ? [change(path, key, spec, effect, inside(written, [key]))]
      : [],
  );

/** Sections over those of the main server; what they have from there has been said there. */
const changedOverrides = (
  path: Path,
  over: string,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] =>
  [...sections]
    .filter(([name]) => name === over || name.startsWith(`${over}.`))
    .flatMap(([name, section]) => {
      if (!isAvailable(section)) return [];
      const inner = name.split('.');
      const [own, shown] = [inside(values, inner), inside(written, inner)];
      if (section.shape === 'list') {
        const isOwn = shown.before !== undefined || shown.after !== undefined;
        return isOwn
          ? changedList(name, section, own, shown).map((found) => ({
              ...found,
              section: dotted([...path, found.section]),
            }))
          : [];
      }
      return Object.entries(section.keys).flatMap(([key, spec]) => {
        const value = inside(shown, [key]);
        const isOwn = value.before !== undefined || value.after !== undefined;
        return isOwn && spec.available && differ(inside(own, [key]))
          ? [change([...path, ...inner], key, spec, section.effect, value)]
          : [];
      });
    });

/** Of the sections that lie over others, the keys that one of the two files has. */
const changedLayers = (
  path: Path,
  { layers }: Section,
  values: Pair<unknown>,
  written: Pair<unknown>,
): ReloadChange[] =>
  layers.flatMap((layer) => {
    const own = inside(values, [layer]);
    const names = [own.before, own.after].flatMap((side) =>
      isTable(side) ? Object.keys(side) : [],
    );
    const section = sections.get(layer);
    return [...new Set(names)].flatMap((key) => {
      const spec = section?.keys[key];
      return section !== undefined && spec !== undefined && differ(inside(own, [key]))
        ? [change([...path, layer], key, spec, section.effect, inside(written, [layer, key]))]
        : [];
    });
  });

const change = (
  path: Path,
  key: string,
  { secret, effect }: Key<unknown>,
  sectionEffect: ReloadEffect,
  shown: Pair<unknown>,
): ReloadChange => ({
  // The name of a section has its dots already.
  section: path.length === 1 ? String(path[0]) : dotted(path),
  key,
  before: secret ? null : (shown.before ?? null),
  after: secret ? null : (shown.after ?? null),
  secret,
  effect: effect ?? sectionEffect,
});

/** `absent` stands for what a table that is not there would say. */
const differ = ({ before, after }: Pair<unknown>, absent?: unknown): boolean =>
  !isDeepStrictEqual(before ?? absent, after ?? absent);

const inside = ({ before, after }: Pair<unknown>, path: Path): Pair<unknown> => ({
  before: valueAt(before, path),
  after: valueAt(after, path),
});

const valueAt = (from: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (at, part) => (isTable(at) && Object.hasOwn(at, part) ? at[part] : undefined),
    from,
  );

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
