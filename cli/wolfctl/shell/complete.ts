// What Tab offers: words of the command line, options, or values that the server knows.
import { visibleCommands } from '../../completion/tree.ts';
import type { CommandNode } from '../../completion/tree.ts';
import { liveKindOf } from '../live_kind.ts';
import type { LiveKind } from '../live_kind.ts';
import { optionOf, walk } from './resolve.ts';
import { parseWords, quoteWord } from './words.ts';

/** What may stand at the end of a line. */
export interface Question {
  /** The end of the line that an answer takes the place of, as it was typed. */
  readonly tail: string;
  /** The same without its quotes. */
  readonly typed: string;
  readonly wanted:
    | { readonly kind: 'words'; readonly words: readonly string[] }
    | { readonly kind: 'live'; readonly live: LiveKind };
}

/** More than a screen of candidates helps nobody. */
export const MOST_HITS = 100;

/** What is asked for at the end of `line`; undefined where nothing can be offered. */
export function questionAt(root: CommandNode, line: string): Question | undefined {
  const { words, lastAt } = parseWords(line);
  const typed = words.at(-1) ?? '';
  const before = withoutHelp(words.slice(0, -1));
  const walked = walk(root, before);
  if (walked === undefined) return undefined;
  const wanted = wantedAt(walked.path, walked.values, before.at(-1) ?? '', typed);
  return wanted && { tail: line.slice(lastAt), typed, wanted };
}

/**
 * The candidates that begin with what was typed, in the order given, as they have to be typed; a
 * blank follows the only one. Of many, as many as help, and those whose common beginning is that
 * of all.
 */
export function hitsOf(typed: string, candidates: readonly string[]): readonly string[] {
  const begin = typed.toLowerCase();
  const hits = candidates
    .filter((candidate) => candidate.toLowerCase().startsWith(begin) && TYPEABLE.test(candidate))
    .map(quoteWord);
  if (hits.length <= 1) return hits.map((hit) => `${hit} `);
  if (hits.length <= MOST_HITS) return hits;
  const sorted = hits.toSorted();
  return [...sorted.slice(0, MOST_HITS - 1), sorted.at(-1) ?? ''];
}

/** A name with control characters can be shown (with "?"), but not typed. */
const TYPEABLE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u;

function wantedAt(
  path: readonly CommandNode[],
  values: readonly string[],
  previous: string,
  typed: string,
): Question['wanted'] | undefined {
  const node = path.at(-1);
  if (node === undefined) return undefined;
  const option = previous.startsWith('-') ? optionOf(path, previous) : undefined;
  if (option?.value) return wordsOr(option.value.choices, undefined);
  if (typed.startsWith('-')) {
    const flags = path.flatMap(({ options }) => options.flatMap((each) => each.flags.slice(-1)));
    return wordsOr(flags, undefined);
  }
  if (node.commands.length > 0)
    return wordsOr(
      visibleCommands(node).map(({ name }) => name),
      undefined,
    );
  const last = node.values.at(-1);
  const value = node.values[values.length] ?? (last?.variadic === true ? last : undefined);
  return value && wordsOr(value.choices, liveKindOf(value.name));
}

function wordsOr(
  words: readonly string[],
  live: LiveKind | undefined,
): Question['wanted'] | undefined {
  if (words.length > 0) return { kind: 'words', words };
  return live && { kind: 'live', live };
}

/** "help show" completes as "show" does. */
const withoutHelp = (words: readonly string[]): readonly string[] =>
  words[0]?.toLowerCase() === 'help' ? words.slice(1) : words;
