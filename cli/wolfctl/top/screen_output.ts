// The terminal while top has it: another screen without a cursor, every key at once. However top
// ends, the terminal is as it was.
import type { ScreenSize } from './state.ts';

/** What is used of process.stdin. */
export interface Keyboard extends NodeJS.ReadableStream {
  setRawMode?(raw: boolean): unknown;
}

/** What is used of process.stdout. */
export interface Display extends NodeJS.WritableStream {
  readonly rows?: number;
  readonly columns?: number;
}

const OTHER_SCREEN = '\u001b[?1049h\u001b[?25l\u001b[2J';
const FIRST_SCREEN = '\u001b[?25h\u001b[?1049l';
const TOP_LEFT = '\u001b[H';
const REST_OF_LINE = '\u001b[K';

/** What a terminal has that does not tell its size. */
const USUAL: ScreenSize = { rows: 24, columns: 80 };

export class ScreenOutput {
  readonly #keyboard: Keyboard;
  readonly #display: Display;
  readonly #leave = (): void => this.close();
  #shown: readonly string[] = [];
  #open = true;

  constructor(keyboard: Keyboard, display: Display) {
    this.#keyboard = keyboard;
    this.#display = display;
    // Also when an error of ours ends the process.
    process.once('exit', this.#leave);
    keyboard.setRawMode?.(true);
    keyboard.resume();
    display.write(OTHER_SCREEN);
  }

  get size(): ScreenSize {
    const { rows = 0, columns = 0 } = this.#display;
    return { rows: rows || USUAL.rows, columns: columns || USUAL.columns };
  }

  /** Shows these lines; writes only what has changed. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const changed = lines
      .map((line, row) =>
        line === this.#shown[row] ? '' : `\u001b[${row + 1};1H${line}${REST_OF_LINE}`,
      )
      .join('');
    this.#shown = lines;
    if (changed !== '') this.#display.write(changed + TOP_LEFT);
  }

  /** The next draw writes all, over whatever is there. */
  clear(): void {
    this.#shown = [];
    if (this.#open) this.#display.write('\u001b[2J');
  }

  /** Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#leave);
    this.#keyboard.setRawMode?.(false);
    this.#keyboard.pause();
    this.#display.write(FIRST_SCREEN);
  }
}
