// Where keys and values stand in the file. smol-toml's values carry no positions, so a second
// parser reads the text again, only when there is a mistake to point at.
import { parseTOML } from 'toml-eslint-parser';
import type { AST } from 'toml-eslint-parser';
import type { Path } from './kind.ts';
import type { Finding, Problem } from './problems.ts';

/** Gives each finding its place in the text, which is without syntax errors. */
export function locate(findings: readonly Finding[], text: string): Problem[] {
  const places = findings.length === 0 ? new Map<string, Place>() : indexOf(text);
  return findings.map(({ path, at, key, message, suggestion }) => {
    const { line, column, length } = find(places, path, at);
    return {
      line,
      column,
      ...(length === undefined ? {} : { length }),
      key,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  });
}

interface Span {
  readonly line: number;
  readonly column: number;
  readonly length?: number;
}

interface Place {
  readonly key: Span;
  readonly value: Span;
}

type Places = Map<string, Place>;

const NOWHERE: Span = { line: 0, column: 0 };

function find(places: Places, path: Path, at: 'key' | 'value'): Span {
  const place = places.get(JSON.stringify(path));
  if (place !== undefined) return place[at];
  // An element without a place of its own is shown by what holds it.
  return path.length > 2 ? find(places, path.slice(0, -1), at) : NOWHERE;
}

function indexOf(text: string): Places {
  const places: Places = new Map();
  let ast: AST.TOMLProgram;
  try {
    ast = parseTOML(text, { tomlVersion: 'latest' });
  } catch {
    // The two parsers disagree about some rare text; a mistake without its line is still a mistake.
    return places;
  }
  for (const node of ast.body[0].body) {
    if (node.type === 'TOMLKeyValue') addPair(places, [], node);
    else addTable(places, node);
  }
  return places;
}

/** `[a.b]` places "a" and "a.b"; the header stands for both key and value. */
function addTable(places: Places, table: AST.TOMLTable): void {
  const first = table.key.keys[0];
  let part = 0;
  for (const [index, name] of table.resolvedKey.entries()) {
    if (typeof name === 'string') part++;
    const last = table.key.keys[part - 1];
    if (first === undefined || last === undefined) continue;
    const span = spanOf({ start: first.loc.start, end: last.loc.end });
    add(places, table.resolvedKey.slice(0, index + 1), span, span);
  }
  for (const pair of table.body) addPair(places, table.resolvedKey, pair);
}

/** `a.b = 1` places "a" and "a.b". */
function addPair(places: Places, parent: Path, pair: AST.TOMLKeyValue): void {
  let path = parent;
  for (const [index, part] of pair.key.keys.entries()) {
    path = [...path, part.type === 'TOMLBare' ? part.name : part.value];
    const own = spanOf(part.loc);
    add(places, path, own, index === pair.key.keys.length - 1 ? spanOf(pair.value.loc) : own);
  }
  addInside(places, path, pair.value);
}

function addInside(places: Places, path: Path, node: AST.TOMLContentNode): void {
  if (node.type === 'TOMLInlineTable') {
    for (const pair of node.body) addPair(places, path, pair);
  } else if (node.type === 'TOMLArray') {
    for (const [index, element] of node.elements.entries()) {
      const span = spanOf(element.loc);
      add(places, [...path, index], span, span);
      addInside(places, [...path, index], element);
    }
  }
}

/** The first place counts: a header that only continues a table is not where it began. */
function add(places: Places, path: Path, key: Span, value: Span): void {
  const name = JSON.stringify(path);
  if (!places.has(name)) places.set(name, { key, value });
}

function spanOf({ start, end }: AST.SourceLocation): Span {
  const place = { line: start.line, column: start.column + 1 };
  return start.line === end.line ? { ...place, length: end.column - start.column } : place;
}
