// One line of the shell: what it means, and its doing.
import { visibleCommands } from '../../completion/tree.ts';
import type { CommandNode } from '../../completion/tree.ts';
import { printable } from '../../terminal/cells.ts';
import { renderHelp } from './help.ts';
import { resolveWords, walk } from './resolve.ts';
import type { Resolved } from './resolve.ts';
import { splitLine } from './words.ts';

export interface InterpreterComponents {
  readonly tree: CommandNode;
  /** Runs a command of wolfctl and tells what went wrong; resolves with its exit code. */
  readonly run: (args: readonly string[], signal: AbortSignal) => Promise<number>;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Cells of a line of the terminal; Infinity where there is none. */
  readonly columns: () => number;
}

export type LineResult =
  | { readonly kind: 'done'; readonly code: number }
  /** The shell is to end. */
  | { readonly kind: 'exit' };

/** RIS: everything as after switching the terminal on. */
const RESET_TERMINAL = '\u001bc';

/** Never rejects but for bugs. An empty line and a comment ("# …") do nothing. */
export async function interpret(
  line: string,
  components: InterpreterComponents,
  signal: AbortSignal,
): Promise<LineResult> {
  const { tree, run, write, complain } = components;
  if (line.trim() === '' || line.trimStart().startsWith('#')) return done(0);
  const words = splitLine(line);
  const asked = helpAskedFor(words);
  if (asked !== undefined) return explain(asked, components);
  const resolved = resolveWords(tree, words);
  if (resolved.kind !== 'command') {
    complain(problemOf(resolved, components.columns()));
    return done(1);
  }
  switch (resolved.args[0]) {
    case 'exit':
    case 'quit':
      return { kind: 'exit' };
    case 'help':
      return explain(resolved.args.slice(1), components);
    case 'reset':
      write(RESET_TERMINAL);
      return done(0);
    case undefined:
    default:
      return done(await run(resolved.args, signal));
  }
}

const done = (code: number): LineResult => ({ kind: 'done', code });

/** "?", "show ?" and "show?" as with occtl; undefined: nobody asked. */
function helpAskedFor(words: readonly string[]): readonly string[] | undefined {
  const last = words.at(-1) ?? '';
  if (!last.endsWith('?')) return undefined;
  const rest = last.slice(0, -1);
  return [...words.slice(0, -1), ...(rest === '' ? [] : [rest])];
}

function explain(
  words: readonly string[],
  { tree, write, complain, columns }: InterpreterComponents,
): LineResult {
  const walked = walk(tree, words);
  const node = walked?.path.at(-1);
  if (walked !== undefined && node !== undefined) {
    const path = walked.path.slice(1).map(({ name }) => name);
    write(
      node.commands.length > 0
        ? renderHelp(visibleCommands(node), path, columns())
        : renderHelp([node], path.slice(0, -1), columns()),
    );
    return done(0);
  }
  const resolved = resolveWords(tree, words);
  if (resolved.kind === 'ambiguous') {
    write(renderHelp(resolved.choices, resolved.path, columns()));
    return done(0);
  }
  complain(resolved.kind === 'command' ? '' : problemOf(resolved, columns()));
  return done(1);
}

function problemOf(resolved: Exclude<Resolved, { kind: 'command' }>, columns: number): string {
  switch (resolved.kind) {
    case 'unsafe':
      return `type "${resolved.full}" in full: it is not done for a beginning of it\n`;
    case 'unknown': {
      const shown = printable([...resolved.path, resolved.word].join(' '));
      return `unknown command: ${shown}\nuse help or ? to get a list of the commands\n`;
    }
    case 'ambiguous': {
      const shown = printable([...resolved.path, resolved.word].join(' '));
      const help = renderHelp(resolved.choices, resolved.path, columns);
      return `"${shown}" may be one of these:\n${help}`;
    }
    case 'incomplete':
      return renderHelp(visibleCommands(resolved.at), resolved.path, columns);
  }
}
