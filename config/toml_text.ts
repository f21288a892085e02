// Pieces of TOML that the sample and the manual are made of.
import type { Default } from './table.ts';

/** A default as it stands in the file. */
export function renderDefault(value: Default): string {
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  return typeof value === 'object' ? '{}' : JSON.stringify(value);
}
