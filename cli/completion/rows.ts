// A command line as the rows of a table, a row for each command: what may follow it.
import { liveKindOf } from '../wolfctl/live_kind.ts';
import { visibleCommands } from './tree.ts';
import type { CommandNode, OptionNode, ValueNode } from './tree.ts';

export interface CompletionRow {
  /** The names that lead to the command, with a blank between them; "" = the program alone. */
  readonly path: string;
  readonly commands: readonly Described[];
  /** Of this command and of those above it. */
  readonly flags: readonly DescribedFlag[];
  /** Every spelling of the options that take a value, with what the value is. */
  readonly valued: readonly { readonly flag: string; readonly kind: ValueKind }[];
  /** What its arguments are, in order. */
  readonly values: readonly ValueKind[];
  /** The last of them may come again. */
  readonly repeats: boolean;
}

export interface Described {
  readonly word: string;
  readonly description: string;
}

export interface DescribedFlag extends Described {
  /** The letter that is the same; "" = there is none. */
  readonly letter: string;
}

/** "file", "folder", "none", a kind that the server knows, or "words:a,b". */
export type ValueKind = string;

/** `live`: the program can be asked for what the server knows. */
export function completionRows(tree: CommandNode, live: boolean): readonly CompletionRow[] {
  return rowsBelow(tree, '', [], live);
}

function rowsBelow(
  node: CommandNode,
  path: string,
  inherited: readonly OptionNode[],
  live: boolean,
): CompletionRow[] {
  const options = [...node.options, ...inherited];
  const kindOf = (value: ValueNode): ValueKind => valueKind(value, live);
  const row: CompletionRow = {
    path,
    commands: visibleCommands(node).map(({ name: word, description }) => ({ word, description })),
    flags: unique(
      options.map(({ flags, description }) => ({
        word: flags.at(-1) ?? '',
        letter: flags.map((flag) => /^-(\w)$/.exec(flag)?.[1] ?? '').join(''),
        description,
      })),
    ),
    valued: options.flatMap(({ flags, value }) =>
      value === null ? [] : flags.map((flag) => ({ flag, kind: kindOf(value) })),
    ),
    values: node.values.map(kindOf),
    repeats: node.values.at(-1)?.variadic === true,
  };
  return [
    row,
    ...visibleCommands(node).flatMap((child) =>
      rowsBelow(child, path === '' ? child.name : `${path} ${child.name}`, options, live),
    ),
  ];
}

/** The help of a command hides the same of those above it. */
const unique = (flags: readonly DescribedFlag[]): readonly DescribedFlag[] =>
  flags.filter(({ word }, at) => flags.findIndex((other) => other.word === word) === at);

function valueKind({ name, choices }: ValueNode, live: boolean): ValueKind {
  if (choices.length > 0) return `words:${choices.join(',')}`;
  if (/^(.*file|path|socket|.*\.conf)s?$/i.test(name)) return 'file';
  if (/^(folder|dir|directory)$/i.test(name)) return 'folder';
  return (live ? liveKindOf(name) : undefined) ?? 'none';
}
