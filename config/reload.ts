// What a reload may change, by the table's [R].
import { isDeepStrictEqual } from 'node:util';
import { buildNamed } from './build.ts';
import { isAvailable, sections } from './schema.ts';
import type { Config } from './schema.ts';
import type { Section, Shape } from './table.ts';
import { dotted } from './toml_text.ts';

/** The keys whose values differ, dotted: those that a running server takes, and the others. */
export interface ReloadDifference {
  readonly reloadable: readonly string[];
  /** Not empty: the reload must name them and change nothing. */
  readonly needsRestart: readonly string[];
}

/** Compares what the values mean, not how they were written. */
export function diffReload(old: Config, next: Config): ReloadDifference {
  const changed = [...sections].flatMap(([name, section]) =>
    isAvailable(section)
      ? CHANGES[section.shape](name, section, valueAt(old, name), valueAt(next, name))
      : [],
  );
  const keysThat = (may: boolean): string[] => [
    ...new Set(changed.filter(({ reloadable }) => reloadable === may).map(({ key }) => key)),
  ];
  return { reloadable: keysThat(true), needsRestart: keysThat(false) };
}

interface Change {
  readonly key: string;
  readonly reloadable: boolean;
}

type Changes = (name: string, section: Section, before: unknown, after: unknown) => Change[];

const changedKeys: Changes = (name, section, before, after) => {
  const keys = [
    ...Object.entries(section.keys).flatMap(([key, spec]) =>
      spec.available ? [{ key, reloadable: spec.reloadable ?? section.reloadable }] : [],
    ),
    ...section.overrides.map((key) => ({ key, reloadable: section.reloadable })),
    ...section.layers.map((key) => ({ key, reloadable: sections.get(key)?.reloadable === true })),
  ];
  return keys
    .filter(({ key }) => !isDeepStrictEqual(valueAt(before, key), valueAt(after, key)))
    .map(({ key, reloadable }) => ({ key: `${name}.${key}`, reloadable }));
};

/** Named as a whole, but for what lies over a section that a running server takes. */
const changedList: Changes = (name, section, before, after) => {
  const [old, next] = [before as readonly unknown[], after as readonly unknown[]];
  const changes = old.flatMap((element, index) => changedKeys(name, section, element, next[index]));
  const layers = changes.filter(({ reloadable }) => reloadable && !section.reloadable);
  if (old.length === next.length && layers.length === changes.length) return layers;
  return [{ key: name, reloadable: section.reloadable }];
};

const changedNames: Changes = (name, section, before, after) => {
  const [old, next] = [before as Tables, after as Tables];
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((own) =>
    changedKeys(
      dotted([name, own]),
      section,
      old.get(own) ?? unwritten(section),
      next.get(own) ?? unwritten(section),
    ),
  );
};

type Tables = ReadonlyMap<string, unknown>;

const CHANGES = {
  table: changedKeys,
  list: changedList,
  named: changedNames,
} as const satisfies Record<Shape, Changes>;

/** A section that is not there says what an empty one says. */
const unwritten = (section: Section): unknown => buildNamed(section, { '': {} }, [], []).get('');

const valueAt = (from: unknown, name: string): unknown =>
  name
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], from);
