// What a reload may change, by the table's [R].
import { isDeepStrictEqual } from 'node:util';
import { isAvailable, sections } from './schema.ts';
import type { Config } from './schema.ts';

/** The keys whose values differ, dotted: those that a running server takes, and the others. */
export interface ReloadDifference {
  readonly reloadable: readonly string[];
  /** Not empty: the reload must name them and change nothing. */
  readonly needsRestart: readonly string[];
}

/** Compares what the values mean, not how they were written. */
export function diffReload(old: Config, next: Config): ReloadDifference {
  const reloadable: string[] = [];
  const needsRestart: string[] = [];
  for (const [name, section] of sections) {
    if (!isAvailable(section)) continue;
    const [before, after] = [valueAt(old, name), valueAt(next, name)];
    if (section.shape === 'list') {
      const changed = !isDeepStrictEqual(before, after);
      if (changed) (section.reloadable ? reloadable : needsRestart).push(name);
      continue;
    }
    for (const [key, spec] of Object.entries(section.keys)) {
      if (!spec.available || isDeepStrictEqual(valueAt(before, key), valueAt(after, key))) continue;
      ((spec.reloadable ?? section.reloadable) ? reloadable : needsRestart).push(`${name}.${key}`);
    }
  }
  return { reloadable, needsRestart };
}

const valueAt = (from: unknown, name: string): unknown =>
  name.split('.').reduce((at, part) => (at as Record<string, unknown>)[part], from);
