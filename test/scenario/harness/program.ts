// A program that a scenario starts and keeps: its output is kept whole, its end is awaited, and it
// never outlives the test.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { forgetProgram, rememberProgram, signalQuietly } from './cleanup.ts';
import { within } from './wait.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its stdin, which is then closed. */
  readonly input?: string;
}

export class Program {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #watchers = new Set<() => void>();
  #output = '';
  #exit: Exit | undefined;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.#name = [command, ...args].join(' ').slice(0, 120);
    this.#child = spawn(command, args, {
      // A group of its own: Ctrl-C on the terminal reaches the test, which then cleans up in order.
      detached: true,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        forgetProgram(this.pid);
        this.#exit = { code, signal };
        this.#wake();
        resolve(this.#exit);
      });
    });
    // A command that does not exist shows when somebody waits, not as an unhandled rejection.
    this.exited.catch(() => undefined);
    this.pid = this.#child.pid ?? 0;
    if (this.pid !== 0) rememberProgram(this.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        this.#output += text;
        this.#wake();
      });
    }
    // The other end may be gone before it has read everything.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdin.end(options.input ?? '');
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** stdout and stderr so far, in the order in which they came. */
  get output(): string {
    return this.#output;
  }

  /** How often `pattern` (with the g flag) stands in the output so far. */
  count(pattern: RegExp): number {
    return [...this.#output.matchAll(pattern)].length;
  }

  /** The first match in the output from character `from` on; rejects when the program ends first. */
  async waitFor(pattern: RegExp, timeoutMs: number, from = 0): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#output.slice(from));
        if (match === null && this.#exit === undefined) return;
        this.#watchers.delete(look);
        if (match !== null) resolve(match);
        else reject(new Error(`${this.#name} ended without saying ${pattern.source}`));
      };
      this.#watchers.add(look);
      look();
    });
    try {
      return await within(`${this.#name} says ${pattern.source}`, timeoutMs, found);
    } catch (error) {
      throw this.#withOutput(error);
    }
  }

  async waitForExit(timeoutMs: number): Promise<Exit> {
    try {
      return await within(`${this.#name} ends`, timeoutMs, this.exited);
    } catch (error) {
      throw this.#withOutput(error);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) signalQuietly(this.pid, signal);
  }

  /** SIGTERM, and SIGKILL when that is not heard within `graceMs`. */
  async stop(graceMs = 3000): Promise<Exit> {
    this.signal('SIGTERM');
    try {
      return await within(`${this.#name} stops`, graceMs, this.exited);
    } catch {
      this.signal('SIGKILL');
      return await this.exited;
    }
  }

  #wake(): void {
    for (const look of [...this.#watchers]) look();
  }

  #withOutput(error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error);
    return new Error(`${message}\n--- its last output ---\n${this.#output.slice(-4000)}`);
  }
}
