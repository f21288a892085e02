// From what was typed to a command: any case, and the beginnings of words that can mean one only.
import { visibleCommands } from '../../completion/tree.ts';
import type { CommandNode, OptionNode } from '../../completion/tree.ts';

export type Resolved =
  /** To be run: the words as the command line knows them. */
  | { readonly kind: 'command'; readonly args: readonly string[] }
  /** Nothing but options, or a group of commands without one of them. */
  | { readonly kind: 'incomplete'; readonly at: CommandNode; readonly path: readonly string[] }
  | {
      readonly kind: 'ambiguous';
      readonly word: string;
      readonly choices: readonly CommandNode[];
      readonly path: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly word: string; readonly path: readonly string[] }
  /** It may not be shortened. */
  | { readonly kind: 'unsafe'; readonly full: string };

/** These end something for everybody: a slip of the finger must not. */
const SPELT_OUT: ReadonlySet<string> = new Set(['stop now']);

export function resolveWords(root: CommandNode, words: readonly string[]): Resolved {
  const args: string[] = [];
  const path: CommandNode[] = [root];
  const names = (): string[] => path.slice(1).map(({ name }) => name);
  let shortened = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const node = path.at(-1) ?? root;
    if (word.startsWith('-') && word !== '-') {
      args.push(word);
      if (takesNext(path, word) && index + 1 < words.length) args.push(words[(index += 1)] ?? '');
      continue;
    }
    if (node.commands.length === 0) {
      args.push(word);
      continue;
    }
    const found = find(node, word);
    if (found.kind !== 'one') {
      return found.choices.length === 0
        ? { kind: 'unknown', word, path: names() }
        : { kind: 'ambiguous', word, choices: found.choices, path: names() };
    }
    shortened ||= !found.exact;
    path.push(found.node);
    args.push(found.node.name);
  }
  const node = path.at(-1) ?? root;
  if (node.commands.length > 0 && !args.some(isHelp)) {
    return { kind: 'incomplete', at: node, path: names() };
  }
  const full = names().join(' ');
  return shortened && SPELT_OUT.has(full) ? { kind: 'unsafe', full } : { kind: 'command', args };
}

/** The node that `words` lead to, and the words behind it; options are passed by. */
export function walk(
  root: CommandNode,
  words: readonly string[],
): { readonly path: readonly CommandNode[]; readonly values: readonly string[] } | undefined {
  const path: CommandNode[] = [root];
  const values: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const node = path.at(-1) ?? root;
    if (word.startsWith('-') && word !== '-') {
      if (takesNext(path, word)) index += 1;
    } else if (node.commands.length === 0) values.push(word);
    else {
      const found = find(node, word);
      if (found.kind !== 'one') return undefined;
      path.push(found.node);
    }
  }
  return { path, values };
}

/** The option that this flag is, of the command or of one above it. */
export const optionOf = (path: readonly CommandNode[], flag: string): OptionNode | undefined =>
  path.flatMap(({ options }) => options).find(({ flags }) => flags.includes(flag));

type Found =
  | { readonly kind: 'one'; readonly node: CommandNode; readonly exact: boolean }
  | { readonly kind: 'none'; readonly choices: readonly CommandNode[] };

function find(node: CommandNode, typed: string): Found {
  const word = typed.toLowerCase();
  const exact = node.commands.find(({ name, aliases }) => name === word || aliases.includes(word));
  if (exact !== undefined) return { kind: 'one', node: exact, exact: true };
  const choices = visibleCommands(node).filter(({ name }) => name.startsWith(word));
  const [only] = choices;
  return only !== undefined && choices.length === 1
    ? { kind: 'one', node: only, exact: false }
    : { kind: 'none', choices };
}

const takesNext = (path: readonly CommandNode[], word: string): boolean =>
  !word.includes('=') && (optionOf(path, word)?.value ?? null) !== null;

const isHelp = (word: string): boolean => word === '-h' || word === '--help';
