// Mistakes in a configuration: what one is, and how it is shown.
import type { Path } from './kind.ts';

/** A mistake at a place in the file. */
export interface Problem {
  /** From 1; 0 when the key is not in the file and its default is what does not work here. */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 with line 0. */
  readonly column: number;
  /** How much to underline; absent where it goes over the end of the line. */
  readonly length?: number;
  /** Dotted, as "policy.dns"; "" for syntax errors. */
  readonly key: string;
  readonly message: string;
  /** A phrase: `did you mean "keepalive"?`. */
  readonly suggestion?: string;
}

/** A mistake before its place in the file is known. */
export interface Finding {
  readonly path: Path;
  /** What to underline: the key or its value. */
  readonly at: 'key' | 'value';
  readonly key: string;
  readonly message: string;
  readonly suggestion: string | undefined;
}

/** By place in the file. */
export const inOrder = (problems: readonly Problem[]): Problem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);

/** The problems with their source lines and carets, without a final newline. */
export function renderProblems(
  problems: readonly Problem[],
  text: string,
  fileName: string,
): string {
  const lines = text.split(/\r?\n/);
  return problems.map((problem) => renderProblem(problem, lines, fileName)).join('\n');
}

/** "3 mistakes" */
export const renderCount = (problems: readonly Problem[]): string =>
  problems.length === 1 ? '1 mistake' : `${problems.length} mistakes`;

function renderProblem(problem: Problem, lines: readonly string[], fileName: string): string {
  const { line, column, message, suggestion } = problem;
  if (line === 0) {
    const hint = suggestion === undefined ? '' : `\n    ${suggestion}`;
    return `${fileName}: ${message} (the default: the file does not set it)${hint}`;
  }
  const shown = excerpt(lines[line - 1] ?? '', column);
  const carets = '^'.repeat(
    Math.max(1, Math.min(problem.length ?? 1, shown.text.length - shown.column)),
  );
  // Tabs stay tabs, so that the caret stands under its character at any tab width.
  const indent = shown.text.slice(0, shown.column).padEnd(shown.column).replaceAll(/[^\t]/g, ' ');
  const number = String(line).padStart(3);
  return [
    `${fileName}:${line}:${column}: ${message}`,
    `${number} | ${shown.text}`.trimEnd(),
    `${' '.repeat(number.length)} | ${indent}${carets}${suggestion === undefined ? '' : ` ${suggestion}`}`,
  ].join('\n');
}

/** The part of a line to show, and the column from 0 in it. */
function excerpt(source: string, column: number): { text: string; column: number } {
  // A terminal's width; only lists of hundreds of routes are longer.
  const width = 100;
  // What a terminal would obey instead of showing it.
  const clean = source.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (char) => (char === '\t' ? char : '?'));
  if (clean.length <= width) return { text: clean, column: column - 1 };
  const start = Math.max(0, Math.min(column - 1 - width / 2, clean.length - width));
  const part = clean.slice(start, start + width);
  const before = start > 0 ? '…' : '';
  const after = start + width < clean.length ? '…' : '';
  return { text: before + part + after, column: column - 1 - start + before.length };
}
