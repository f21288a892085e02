// Where lines of the log go in the end: stdout, a file, or the socket of a daemon.

/** What became of some lines. */
export interface Outcome {
  /** The first so many are out, or can never be (`lost`). */
  readonly done: number;
  /** Of these, what no later attempt would bring out. */
  readonly lost: number;
  /** Why the others wait; they are offered again. */
  readonly trouble?: string;
}

export interface LogOutlet {
  /** Takes lines without their newlines; neither waits nor throws. */
  write(lines: readonly string[]): Outcome;
  /** For log rotation; throws and goes on with what it had when that fails. */
  reopen(): void;
  close(): void;
}
