// Tables and lists of fields for people.
import { cellsOf, padEnd, printable, shorten } from './cells.ts';

/** The name above a column. A text may be shortened where a terminal has no room for it. */
export type Column = string | { readonly text: string };

/** What is shortened keeps so many cells, that it can still be told from others. */
export const LEAST_TEXT_CELLS = 8;

const GAP = '  ';

/**
 * Columns as wide as their widest cell, two blanks between them, none behind the last. Wider than
 * `columns` cells, the widest texts give way first.
 */
export function renderTable(
  header: readonly Column[],
  rows: readonly (readonly string[])[],
  columns = Infinity,
): string {
  const lines = [header.map(nameOf), ...rows.map((row) => row.map(printable))];
  const wanted = header.map((_, column) =>
    lines.reduce((most, line) => Math.max(most, cellsOf(line[column] ?? '')), 0),
  );
  const widths = fit(
    wanted,
    header.map((column) => typeof column !== 'string'),
    columns - GAP.length * (header.length - 1),
  );
  return lines.map((line) => `${renderLine(line, widths)}\n`).join('');
}

/** Names on the left, values in a column; what is empty is left out. */
export function renderFields(fields: Readonly<Record<string, string>>): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join('');
}

/**
 * Widths that add up to `room` cells at most, where the texts among them have so much to give:
 * the widest one gives cells until it is no wider than the next.
 */
export function fit(
  wanted: readonly number[],
  isText: readonly boolean[],
  room: number,
): readonly number[] {
  const widths = [...wanted];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const texts = widths.flatMap((width, column) => (isText[column] === true ? [width] : []));
    const most = Math.max(LEAST_TEXT_CELLS, ...texts);
    if (most <= LEAST_TEXT_CELLS) break;
    const next = Math.max(LEAST_TEXT_CELLS, ...texts.filter((width) => width < most));
    const widest = widths.flatMap((width, column) =>
      isText[column] === true && width === most ? [column] : [],
    );
    const share = Math.min(most - next, Math.ceil(excess / widest.length));
    for (const column of widest) {
      const given = Math.min(share, excess);
      widths[column] = most - given;
      excess -= given;
    }
  }
  return widths;
}

const nameOf = (column: Column): string => (typeof column === 'string' ? column : column.text);

const renderLine = (line: readonly string[], widths: readonly number[]): string =>
  line
    .map((cell, column) => padEnd(shorten(cell, widths[column] ?? 0), widths[column] ?? 0))
    .join(GAP)
    .trimEnd();
