// Reads passwords and codes: without echo from a terminal, or as lines.
import { StringDecoder } from 'node:string_decoder';

/** What is used of process.stdin. */
export interface PasswordInput extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
}

/** null: the person gave up (Ctrl-C, Ctrl-D) or the pipe was empty. */
export type Typed = string | null;

// Nobody types more, and a pipe that never ends a line must not fill the memory.
const MAX_LINE_CHARACTERS = 4096;

/** The first line of a pipe, without its end. */
export async function readLine(input: PasswordInput): Promise<Typed> {
  for await (const line of readLines(input)) return line;
  return null;
}

/** The lines of a pipe, or of a terminal that shows what is typed, without their ends. */
export async function* readLines(input: PasswordInput): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let text = '';
  for await (const chunk of input) {
    text += typeof chunk === 'string' ? chunk : decoder.write(chunk);
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      const line = text.slice(0, end).replace(/\r$/, '');
      text = text.slice(end + 1);
      yield line;
    }
    if (text.length > MAX_LINE_CHARACTERS) break;
  }
  if (text !== '') yield text;
}

/** Asks each question on `output` and reads its answer from a terminal that shows nothing. */
export async function askHidden(
  questions: readonly string[],
  input: PasswordInput,
  output: { write(text: string): unknown },
): Promise<Typed[]> {
  const answers: Typed[] = [];
  const decoder = new StringDecoder('utf8');
  let typed = '';
  output.write(questions[0] ?? '');
  input.setRawMode?.(true);
  try {
    for await (const chunk of input) {
      for (const key of typeof chunk === 'string' ? chunk : decoder.write(chunk)) {
        const answer = press(key, typed);
        if (typeof answer === 'string') {
          typed = answer;
          continue;
        }
        output.write('\n');
        answers.push(answer.done);
        typed = '';
        if (answer.done === null || answers.length === questions.length) return answers;
        output.write(questions[answers.length] ?? '');
      }
    }
    return [...answers, null];
  } finally {
    input.setRawMode?.(false);
  }
}

/** The line after one key, or that it is done. */
function press(key: string, typed: string): string | { readonly done: Typed } {
  switch (key) {
    case '\r':
    case '\n':
      return { done: typed };
    case '\u0003': // Ctrl-C
      return { done: null };
    case '\u0004': // Ctrl-D: ends an empty line only, as a terminal does
      return typed === '' ? { done: null } : typed;
    case '\u007f':
    case '\b':
      return Array.from(typed).slice(0, -1).join('');
    case '\u0015': // Ctrl-U
      return '';
    default:
      return key < ' ' || typed.length >= MAX_LINE_CHARACTERS ? typed : typed + key;
  }
}
