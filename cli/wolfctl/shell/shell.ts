// wolfctl without a command: a shell on a terminal; else a script on stdin, a command a line.
import readline from 'node:readline';
import type { LiveValues } from '../live_values.ts';
import { appendHistory, HISTORY_LINES, readHistory } from './history.ts';
import { interpret } from './interpreter.ts';
import type { InterpreterComponents, LineResult } from './interpreter.ts';
import { readTyped } from './prompt.ts';

export interface ShellComponents extends InterpreterComponents {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly live: Pick<LiveValues, 'get'>;
  readonly greeting: string;
  readonly prompt: string;
  /** Path of the file that keeps the lines. */
  readonly history: string;
}

/** Resolves when the person leaves: 0. An error of a command does not end it, nor does Ctrl-C. */
export async function runShell(components: ShellComponents): Promise<number> {
  const { input, output, tree, live, write, prompt } = components;
  let history = readHistory(components.history);
  let begun = '';
  write(components.greeting);
  for (;;) {
    const typed = await readTyped(
      prompt,
      { input, output, tree, live: (kind) => live.get(kind) },
      { history, begun },
    );
    if (typed.lines.length === 0) return 0;
    begun = typed.begun;
    for (const line of typed.lines) {
      if (line.trim() === '') continue;
      if (line !== history[0]) {
        appendHistory(components.history, [line]);
        history = [line, ...history].slice(0, HISTORY_LINES);
      }
      const result = await interruptible((signal) => interpret(line, components, signal));
      if (result.kind === 'exit') return 0;
    }
  }
}

/** Runs every line of stdin; resolves with the exit code of the last that failed, else 0. */
export async function runScript(
  components: InterpreterComponents & { readonly input: NodeJS.ReadableStream },
): Promise<number> {
  let code = 0;
  for await (const line of readline.createInterface({ input: components.input })) {
    const result = await interpret(line, components, new AbortController().signal);
    if (result.kind === 'exit') break;
    if (result.code !== 0) code = result.code;
  }
  return code;
}

/** Ctrl-C ends the command, not the shell. */
async function interruptible(
  work: (signal: AbortSignal) => Promise<LineResult>,
): Promise<LineResult> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  process.on('SIGINT', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}
