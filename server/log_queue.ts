// Between those who log and the outlet. The lines of one turn of the event loop go out together. A
// full disk, a full pipe or a daemon that is just restarting makes lines wait; beyond a bound they
// are lost, counted, and told when lines go out again. Nobody who logs ever waits.
import { writeSync } from 'node:fs';
import type { LogOutlet } from './log_outlet.ts';

export interface LogQueueComponents {
  readonly outlet: LogOutlet;
  /** Lines go out again and these are missing: at the place where they would have been. */
  readonly onRecovered: (lines: number, reason: string) => void;
  /** Where the log cannot say it: stderr. */
  readonly say?: (sentence: string) => void;
}

/** Some thousand lines: more than a daemon misses while it restarts. */
const MOST_WAITING_CHARACTERS = 1024 * 1024;
/** One write of the usual turn; a burst goes out in between. */
const FLUSH_CHARACTERS = 64 * 1024;
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;
/** At the end of the process a reader that is merely slow gets this long. */
const LAST_ATTEMPTS = 25;
const LAST_PAUSE_MS = 10;

const STDERR_FD = 2;

export class LogQueue {
  readonly #components: Required<LogQueueComponents>;
  #lines: string[] = [];
  #characters = 0;
  #scheduled = false;
  #trouble: { reason: string; delayMs: number; timer: NodeJS.Timeout } | undefined;
  #lost = 0;
  #lostReason = '';

  constructor(components: LogQueueComponents) {
    this.#components = { say: sayOnStderr, ...components };
  }

  /** One line without its newline. */
  add(line: string): void {
    if (this.#characters + line.length > MOST_WAITING_CHARACTERS) {
      this.#lose(1, this.#trouble?.reason ?? 'a line is longer than all that may wait');
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    // While there is trouble, the timer tries.
    if (this.#trouble !== undefined) return;
    if (this.#characters > FLUSH_CHARACTERS) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }

  /** Brings out what can go now. */
  flush(): void {
    this.#scheduled = false;
    if (this.#lines.length === 0 && this.#trouble === undefined) return;
    const { done, lost, trouble } = this.#components.outlet.write(this.#lines);
    const left = this.#lines.splice(0, done);
    this.#characters -= left.reduce((sum, { length }) => sum + length, 0);
    if (lost > 0) this.#lose(lost, 'longer than a datagram may be');
    if (trouble !== undefined) {
      this.#tryLater(trouble, done > 0);
      return;
    }
    clearTimeout(this.#trouble?.timer);
    this.#trouble = undefined;
    this.#tell();
  }

  /** The last attempt of this process; says on stderr what is left. */
  finish(): void {
    for (let attempt = 0; attempt < LAST_ATTEMPTS; attempt += 1) {
      this.flush();
      if (this.#lines.length === 0) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_PAUSE_MS);
    }
    clearTimeout(this.#trouble?.timer);
    const missing = this.#lines.length + this.#lost;
    if (missing > 0) {
      const reason = this.#trouble?.reason ?? this.#lostReason;
      this.#components.say(`${missing} lines of the log could not be written: ${reason}`);
    }
    this.#lines = [];
    this.#lost = 0;
  }

  /** A reader that is only slow is asked again soon, one that does not read more and more rarely. */
  #tryLater(reason: string, progress: boolean): void {
    const last = this.#trouble;
    clearTimeout(last?.timer);
    const delayMs =
      last === undefined || progress ? FIRST_RETRY_MS : Math.min(last.delayMs * 2, LAST_RETRY_MS);
    const timer = setTimeout(() => this.flush(), delayMs).unref();
    this.#trouble = { reason, delayMs, timer };
  }

  #lose(lines: number, reason: string): void {
    if (this.#lost === 0) this.#components.say(`lines of the log are being lost: ${reason}`);
    this.#lost += lines;
    this.#lostReason = reason;
  }

  #tell(): void {
    if (this.#lost === 0) return;
    const lines = this.#lost;
    this.#lost = 0;
    this.#components.onRecovered(lines, this.#lostReason);
  }
}

function sayOnStderr(sentence: string): void {
  try {
    writeSync(STDERR_FD, `wolfguard: ${sentence}\n`);
  } catch {
    // Nobody listens there either.
  }
}
