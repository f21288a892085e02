// The columns of occtl's tables: cells stand on the right, as wide as occtl makes them, and push
// the rest of their line where they are wider. Scripts count the words of such lines.
import { printable } from '../../terminal/cells.ts';

export const occtlLine = (widths: readonly number[], cells: readonly string[]): string =>
  `${cells
    .map((cell, column) => printable(cell === '' ? '-' : cell).padStart(widths[column] ?? 0))
    .join(' ')}\n`;

/** With its heads only where there is something below them. */
export const occtlTable = (
  widths: readonly number[],
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string =>
  rows.length === 0 ? '' : [heads, ...rows].map((cells) => occtlLine(widths, cells)).join('');
