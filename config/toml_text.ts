// Pieces of TOML: values and names as they stand in a file.
import type { Path } from './kind.ts';
import type { Default } from './table.ts';

/** A default as it stands in the file. */
export function renderDefault(value: Default): string {
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  return typeof value === 'object' ? '{}' : JSON.stringify(value);
}

/** The header over what stands at a path: `[user."a.b".policy]`; numbers in lists are left out. */
export const header = (path: Path): string => `[${dotted(path)}]`;

/** The path of a key as a file may have it: `user."a.b".policy.routes`. */
export const dotted = (path: Path): string =>
  path
    .filter((part) => typeof part === 'string')
    .map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part)))
    .join('.');
