// From text to TOML values, with as many syntax errors as can be told apart.
//
// smol-toml stops at the first error. Where that error lies in one line alone, the line is emptied
// and the rest is read on; where it may lie in the lines before (an open bracket), reading ends,
// since everything after it would be blamed wrongly.
import { parse, TomlError } from 'smol-toml';
import type { Problem } from './problems.ts';

export interface Document {
  /** undefined when nothing sound could be read. */
  readonly root: Readonly<Record<string, unknown>> | undefined;
  /** The text of `root`: the same lines, the faulty ones emptied. */
  readonly text: string;
  readonly problems: readonly Problem[];
}

/** Never throws; the text is without byte order mark. */
export function parseDocument(text: string): Document {
  const lines = text.split('\n');
  const problems: Problem[] = [];
  for (;;) {
    const sound = lines.join('\n');
    const result = parseToml(sound);
    if (!(result instanceof TomlError)) return { root: result, text: sound, problems };
    problems.push(problemOf(result, lines));
    const faulty = lines[result.line - 1] ?? '';
    // Each round costs one reading of the file; people do not make more mistakes than this.
    if (problems.length >= 100 || !isGuilty(faulty, result))
      return { root: undefined, text: sound, problems };
    lines[result.line - 1] = faulty.endsWith('\r') ? '\r' : '';
  }
}

function parseToml(text: string): Readonly<Record<string, unknown>> | TomlError {
  try {
    // The schema is four tables deep.
    return parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: 16 });
  } catch (error) {
    if (error instanceof TomlError) return error;
    throw error;
  }
}

/** Whether a line that assigns a key is wrong by itself. */
function isGuilty(line: string, error: TomlError): boolean {
  // After a wrong header the keys below it would belong to another section.
  if (!/^\s*[\w"'-][\w"'.\s-]*=/.test(line)) return false;
  // An open bracket or quotation may be meant to go on in the next line.
  if (opensMore(line, error)) return false;
  return isRepeated(error) || parseToml(line.trimEnd()) instanceof TomlError;
}

const opensMore = (line: string, error: TomlError): boolean =>
  /unfinished (?:array|table)/.test(error.message) || /"""|'''/.test(line);
const isRepeated = (error: TomlError): boolean => error.message.includes('already defined');

function problemOf(error: TomlError, lines: readonly string[]): Problem {
  const line = Math.min(error.line, lines.length);
  const reason = /^Invalid TOML document: (.*)$/m.exec(error.message)?.[1] ?? 'invalid TOML';
  const hint = hintFor(lines[line - 1] ?? '', reason);
  return {
    line,
    column: error.column,
    key: '',
    message: isRepeated(error) ? 'this was already set above' : `syntax: ${reason}`,
    ...(hint === undefined ? {} : { suggestion: hint }),
  };
}

/** The commonest error: `device = wolf0`. */
function hintFor(line: string, reason: string): string | undefined {
  if (!/invalid value|numeric literal|invalid date/.test(reason)) return undefined;
  const bare = /=\s*([A-Za-z0-9/][^\s"'#[\]{},]*)\s*(?:#.*)?$/.exec(line)?.[1];
  return bare === undefined ? 'text stands in quotes' : `did you mean "${bare}"?`;
}
