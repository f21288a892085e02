import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { WolfguardError } from '../core/error.ts';
import type { LogOutlet, Outcome } from './log_outlet.ts';

/**
 * Lines in a file, or on stdout (null). Writes are synchronous, so that the last words before an
 * exit are on disk. A file that was deleted is made anew; one that was only renamed is written
 * until reopen(), as log rotation expects. Throws WolfguardError when it cannot be opened.
 */
export class FileOutlet implements LogOutlet {
  readonly #path: string | null;
  #fd: number;
  /** The end of a line whose beginning is written: a full disk or pipe takes what fits. */
  #rest = Buffer.alloc(0);

  constructor(path: string | null) {
    this.#path = path;
    // Node makes a pipe that does not block of it: a reader that stands still must not stop us.
    this.#fd = path === null ? process.stdout.fd : openFile(path);
  }

  write(lines: readonly string[]): Outcome {
    const texts = lines.map((line) => Buffer.from(`${line}\n`));
    let bytes = Buffer.concat(texts);
    try {
      this.#replaceDeleted();
      bytes = Buffer.concat([this.#rest, bytes]);
      this.#rest = Buffer.alloc(0);
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#fd, bytes));
      return { done: lines.length, lost: 0 };
    } catch (error) {
      return { ...this.#keep(texts, bytes), lost: 0, trouble: (error as Error).message };
    }
  }

  reopen(): void {
    if (this.#path === null) return;
    const old = this.#fd;
    this.#fd = openFile(this.#path);
    this.#rest = Buffer.alloc(0);
    closeSync(old);
  }

  close(): void {
    if (this.#path !== null) closeSync(this.#fd);
  }

  /** Whole lines are offered again; of the one that was torn, the rest is ours to bring out. */
  #keep(texts: readonly Buffer[], bytes: Buffer): { done: number } {
    let waiting = 0;
    let left = bytes.length;
    for (const text of texts.toReversed()) {
      if (left < text.length) break;
      left -= text.length;
      waiting += 1;
    }
    if (left > 0) this.#rest = Buffer.from(bytes.subarray(0, left));
    return { done: texts.length - waiting };
  }

  /** What goes to a file without a name is lost when it is closed. */
  #replaceDeleted(): void {
    if (this.#path !== null && fstatSync(this.#fd).nlink === 0) this.reopen();
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o640);
  } catch (error) {
    throw new WolfguardError(
      'LOG_FILE',
      `The log file ${path} cannot be opened (${(error as Error).message}): check log.destination.`,
    );
  }
}
