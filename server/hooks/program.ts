// One run of a hook program: no arguments, no input, no descriptors of ours, a process group of its
// own, and an end for certain.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import type { Milliseconds } from '../../core/units.ts';

export interface ProgramOptions {
  readonly path: string;
  /** The whole environment but for PATH and HOME. */
  readonly environment: Readonly<Record<string, string>>;
  /** Then the program and everything in its process group is killed. */
  readonly timeoutMs: Milliseconds;
  /** The same, when somebody has no more time to wait. */
  readonly abort?: AbortSignal;
  /** Hears what the program writes, up to a bound. */
  readonly onLine: (line: string) => void;
}

/** `lastLine`: of what it wrote to stderr; '' = nothing. */
export type ProgramResult =
  | { readonly kind: 'exited'; readonly code: number; readonly lastLine: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly lastLine: string }
  | { readonly kind: 'timeout'; readonly lastLine: string }
  | { readonly kind: 'not-started'; readonly reason: string };

/** Where Debian's and ocserv's services find programs. */
const SURROUNDINGS = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};
/** A script that says more is cut: it must not fill the log. */
const MAX_LINES = 100;
const MAX_LINE_CHARACTERS = 1000;
/** What was written before the exit is there by then. */
const LAST_WORDS_MS: Milliseconds = 50;

/** Never rejects. */
export function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  let child: ChildProcess;
  try {
    child = spawn(options.path, [], {
      cwd: '/',
      env: { ...SURROUNDINGS, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  } catch (error) {
    return Promise.resolve({ kind: 'not-started', reason: (error as Error).message });
  }
  const output = new Output(child, options.onLine);
  let timedOut = false;
  const kill = (): void => killGroup(child);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, options.timeoutMs);
  options.abort?.addEventListener('abort', kill, { once: true });
  const finish = (result: ProgramResult): void => {
    clearTimeout(timer);
    options.abort?.removeEventListener('abort', kill);
    resolve(result);
  };
  child.once('error', (error) => {
    if (child.pid === undefined) finish({ kind: 'not-started', reason: error.message });
  });
  // Not 'close': what the program left running in the background may keep its pipes open.
  child.once('exit', (code, signal) => {
    void output.end().then((lastLine) => {
      if (timedOut) finish({ kind: 'timeout', lastLine });
      else if (code === null) finish({ kind: 'killed', signal: signal ?? '', lastLine });
      else finish({ kind: 'exited', code, lastLine });
    });
  });
  if (options.abort?.aborted === true) kill();
  return promise;
}

/** The program is not reaped yet while this may run, so its number is nobody else's. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended a moment ago.
  }
}

class Output {
  readonly #streams: readonly Readable[];
  readonly #closed: Promise<unknown>;
  readonly #onLine: (line: string) => void;
  #lines = 0;
  #lastLine = '';

  constructor({ stdout, stderr }: ChildProcess, onLine: (line: string) => void) {
    this.#onLine = onLine;
    const remember = (line: string): void => {
      this.#lastLine = line;
    };
    this.#streams = [stdout, stderr].filter((stream) => stream !== null);
    this.#closed = Promise.all(
      this.#streams.map(
        (stream) =>
          new Promise<void>((resolve) => {
            readLines(stream, (line) => {
              if (stream === stderr) remember(line);
              this.#pass(line);
            });
            stream.once('close', resolve);
          }),
      ),
    );
  }

  /** The last line of stderr. Whoever still writes there gets SIGPIPE from now on. */
  async end(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, LAST_WORDS_MS)));
    await Promise.race([this.#closed, late]);
    clearTimeout(timer);
    for (const stream of this.#streams) stream.destroy();
    return this.#lastLine;
  }

  #pass(line: string): void {
    if (this.#lines < MAX_LINES) this.#onLine(line);
    else if (this.#lines === MAX_LINES) this.#onLine('… and more');
    this.#lines++;
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const say = (line: string): void => {
    const text = line.replace(/\p{Cc}/gu, ' ').trim();
    if (text !== '') onLine(text.slice(0, MAX_LINE_CHARACTERS));
  };
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS);
    lines.forEach(say);
  });
  stream.on('close', () => say(rest));
  stream.on('error', () => undefined);
}
