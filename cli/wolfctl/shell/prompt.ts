// The prompt on a terminal: node:readline edits the line. An interface lives for one prompt only, so
// that the keyboard is free for the command that runs: top, a pager, Ctrl-C.
import readline from 'node:readline';
import type { CommandNode } from '../../completion/tree.ts';
import type { LiveKind } from '../live_kind.ts';
import { hitsOf, questionAt } from './complete.ts';
import { HISTORY_LINES } from './history.ts';

export interface PromptComponents {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly tree: CommandNode;
  /** Never rejects, and does not keep anybody waiting. */
  readonly live: (kind: LiveKind) => Promise<readonly string[]>;
}

export interface Typed {
  /** More than one where several were pasted. Empty: Ctrl-D, or the terminal is gone. */
  readonly lines: readonly string[];
  /** What was pasted behind the last of them. */
  readonly begun: string;
}

/** `history`: the newest line first. `begun`: stands behind the prompt, as if it had been typed. */
export function readTyped(
  prompt: string,
  components: PromptComponents,
  { history, begun }: { readonly history: readonly string[]; readonly begun: string },
): Promise<Typed> {
  const { input, output } = components;
  return new Promise((resolve) => {
    const lines: string[] = [];
    const editor = readline.createInterface({
      input,
      output,
      terminal: true,
      prompt,
      history: [...history],
      historySize: HISTORY_LINES,
      completer: (line: string, answer: (error: null, result: [string[], string]) => void) =>
        void offer(line, components).then((result) => answer(null, result)),
    });
    editor.on('line', (line) => {
      lines.push(line);
      // The rest of what was pasted comes in the same turn of the event loop.
      if (lines.length === 1) setImmediate(() => editor.close());
    });
    editor.on('SIGINT', () => {
      editor.write(null, { ctrl: true, name: 'e' });
      output.write('^C\r\n');
      editor.write(null, { ctrl: true, name: 'u' });
    });
    editor.on('close', () => {
      if (lines.length === 0) output.write('\n');
      resolve({ lines, begun: editor.line });
    });
    editor.prompt();
    if (begun !== '') editor.write(begun);
  });
}

/** What readline inserts or lists: candidates, and what they take the place of. */
async function offer(
  line: string,
  { tree, live }: Pick<PromptComponents, 'tree' | 'live'>,
): Promise<[string[], string]> {
  const question = questionAt(tree, line);
  if (question === undefined) return [[], line];
  const { wanted, typed, tail } = question;
  const candidates = wanted.kind === 'words' ? wanted.words : await live(wanted.live);
  return [[...hitsOf(typed, candidates)], tail];
}
