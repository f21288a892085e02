// How the commands about people begin and end: usage first, then the work, and each failure is one
// sentence on stderr.
import process from 'node:process';
import { WolfguardError } from '../core/error.ts';
import type { PasswordInput } from './hidden_prompt.ts';

/** 0: done · 1: not done, and why is on stderr · 2: called wrongly. */
export type ExitCode = 0 | 1 | 2;

/** Where a command reads and writes: the process's own streams unless a test gives others. */
export interface CommandStreams {
  readonly input: PasswordInput;
  readonly output: { readonly isTTY?: boolean | undefined; write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

export const processStreams = (): CommandStreams => ({
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
});

export class UserCommand {
  readonly #name: string;
  readonly #errors: CommandStreams['errors'];

  /** `name` stands before every complaint: "wolfguard passwd". */
  constructor(name: string, { errors }: Pick<CommandStreams, 'errors'>) {
    this.#name = name;
    this.#errors = errors;
  }

  /** `usageProblem`: null = it was called rightly. Our own bugs are thrown. */
  async run(usageProblem: string | null, work: () => Promise<ExitCode>): Promise<ExitCode> {
    if (usageProblem !== null) return this.complain(usageProblem, 2);
    try {
      return await work();
    } catch (error) {
      if (error instanceof WolfguardError) return this.complain(error.message);
      throw error;
    }
  }

  complain(text: string, code: 1 | 2 = 1): ExitCode {
    this.#errors.write(`${this.#name}: ${text}\n`);
    return code;
  }
}
