// A terminal to type at: tmux on a socket of its own.
import { spawnSync } from 'node:child_process';
import type { Lab } from './lab.ts';
import { eventually } from './wait.ts';

/** A command's answer on a busy machine: a start of Node, and what it does. */
const ANSWER_TIMEOUT_MS = 15_000;

const COLUMNS = 100;
const ROWS = 30;

export class Terminal {
  readonly #socket: string;

  /** Starts `command` in it; when that ends, a line says so with its exit code, and a shell is there. */
  constructor(lab: Lab, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#socket = lab.file('tmux');
    const quoted = command.map((word) => `'${word}'`).join(' ');
    this.#tmux(
      ['-f', '/dev/null', 'new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS)],
      ...Object.entries(env).map(([name, value]) => ['-e', `${name}=${value}`]),
      [`${quoted}; echo "ended with $?"; PS1='$ ' exec bash --norc --noprofile`],
    );
    lab.onClose(() => {
      this.#tmux(['kill-server']);
    });
  }

  /** Types the text as it is. */
  type(text: string): void {
    this.#tmux(['send-keys', '-l', '--', text]);
  }

  /** Presses keys by tmux's names: Enter, Tab, Up, C-c. */
  press(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys]);
  }

  resize(columns: number, rows: number): void {
    this.#tmux(['resize-window', '-x', String(columns), '-y', String(rows)]);
  }

  /** Of the process that the terminal was made for. */
  get pid(): number {
    return Number(this.#tmux(['display-message', '-p', '#{pane_pid}']));
  }

  /** What can be seen now, lines without the blanks at their ends. */
  get screen(): string {
    return this.#tmux(['capture-pane', '-p']).trimEnd();
  }

  /** Waits until the screen shows it, and returns the screen. */
  async shows(what: RegExp): Promise<string> {
    let last = '';
    try {
      return await eventually(`the terminal shows ${what.source}`, ANSWER_TIMEOUT_MS, () => {
        last = this.screen;
        return what.test(last) ? last : false;
      });
    } catch (error) {
      throw new Error(`${String(error)}\n${last}`, { cause: error });
    }
  }

  #tmux(...args: readonly (readonly string[])[]): string {
    const { stdout, stderr, status, error } = spawnSync(
      'tmux',
      ['-S', this.#socket, ...args.flat()],
      { encoding: 'utf8', timeout: 10_000 },
    );
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`tmux ${args.flat().join(' ')}: ${stderr}`);
    return stdout;
  }
}
