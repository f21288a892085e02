// One run of wolfguard-pam: its messages come out one by one, answers go in, and it can be ended.
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { PamDecoder, encodeAnswer } from './pam_messages.ts';
import type { PamMessage } from './pam_messages.ts';

/** The helper has ended without (another) message: why, for the log. */
export interface PamEnd {
  readonly kind: 'end';
  readonly reason: string;
}

/** What the helper is asked to do. */
export interface PamTask {
  readonly mode: 'login' | 'open' | 'close';
  readonly service: string;
  readonly user: string;
  /** PAM_RHOST: the address of the client. */
  readonly remoteHost: string;
  /** When the helper ends by itself, if nobody ends it sooner. */
  readonly seconds: number;
}

// The helper gets nothing of our environment; modules that start programs want a PATH.
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
const NAME_MAX_BYTES = 256;
const ANSWER_MAX_BYTES = 1024;

/** Whether the helper takes such a name; one that it would not is no name of a person either. */
export const isUserName = (name: string): boolean =>
  name !== '' && Buffer.byteLength(name) <= NAME_MAX_BYTES && !/\p{Cc}/u.test(name);

/** Whether a person can have typed this as an answer that PAM takes. */
export const isAnswer = (text: string): boolean =>
  Buffer.byteLength(text) <= ANSWER_MAX_BYTES && !text.includes('\0');

export class PamProcess {
  /** Resolves when the process is gone and has been reaped. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #messages: PamMessage[] = [];
  #end: PamEnd | null = null;
  #wake: () => void = () => undefined;

  /** `command`: the program, and arguments in front of those of `task`. */
  constructor(command: readonly [string, ...string[]], task: PamTask) {
    const [program, ...args] = command;
    const { mode, service, user, remoteHost, seconds } = task;
    const decoder = new PamDecoder();
    // A group of its own: Ctrl-C on a terminal speaks to the server, not to a login.
    this.#child = spawn(program, [...args, mode, service, user, remoteHost, String(seconds)], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: ENVIRONMENT,
      detached: true,
    });
    this.gone = new Promise((resolve) => {
      this.#child.once('error', ({ message }) => this.#finish(message, resolve));
      this.#child.once('close', (code, signal) => this.#finish(endOf(code, signal), resolve));
    });
    // It may end before it has read everything; its exit tells why.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#hear(decoder.push(chunk)));
  }

  /** The next message, in their order; the end again and again. One caller at a time. */
  async next(): Promise<PamMessage | PamEnd> {
    for (;;) {
      const message = this.#messages.shift() ?? this.#end;
      if (message !== null) return message;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  answer(text: string): void {
    const frame = encodeAnswer(text);
    this.#child.stdin.write(frame, () => frame.fill(0));
  }

  /** There are no more answers: a module that asks for one is told that nobody is there. */
  hangUp(): void {
    this.#child.stdin.end();
  }

  /** Idempotent. What it has said so far is still heard. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(messages: readonly PamMessage[] | null): void {
    if (messages === null) {
      this.#end ??= { kind: 'end', reason: 'it speaks another language than this server' };
      this.kill();
    } else {
      this.#messages.push(...messages);
    }
    this.#wake();
  }

  #finish(reason: string, resolve: () => void): void {
    this.#end ??= { kind: 'end', reason };
    this.#wake();
    resolve();
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `ended by ${signal}`;
  return code === 3 ? 'out of time' : `exit code ${code}`;
}
