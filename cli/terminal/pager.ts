// What is taller than the screen goes through a pager, as with occtl.
import { spawnSync } from 'node:child_process';

/** What is used of process.stdout. */
export interface PagedOutput {
  readonly isTTY?: boolean | undefined;
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Writes `text`, through the pager where `isPaged` says so. */
export function writePaged(
  text: string,
  output: PagedOutput,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (!isTaller(text, output) || !page(text, environment)) output.write(text);
}

/** Whether `text` has more lines than the screen can show above a prompt. */
export function isTaller(text: string, { isTTY, rows }: PagedOutput): boolean {
  if (isTTY !== true || rows === undefined || rows === 0) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines > rows;
}

/** A line for the system's shell; "" = none is wanted. */
export const pagerOf = (environment: Readonly<Record<string, string | undefined>>): string =>
  environment['OCCTL_PAGER'] ?? environment['PAGER'] ?? LESS;

/** A machine without it is not told so each time. */
const LESS = 'command -v less >/dev/null || exit 127; exec less';

/** Ends at once where all fits, shows no control characters, leaves the screen as it is, cuts no lines. */
const LESS_OPTIONS = 'FRX';

/** The shell's word for a command that it does not find, or may not run. */
const NOT_FOUND = [126, 127];

function page(text: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  const pager = pagerOf(environment);
  if (pager === '') return false;
  // Ctrl-C is the pager's while it runs; it must not take us away from under it.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const { status, error } = spawnSync('/bin/sh', ['-c', pager], {
      input: text,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { LESS: LESS_OPTIONS, ...environment },
    });
    return (error === undefined || wasRead(error)) && !NOT_FOUND.includes(status ?? 0);
  } finally {
    // What came in the meantime is delivered in the next turn of the event loop.
    setImmediate(() => process.off('SIGINT', ignore));
  }
}

/** A pager that is left early closes its end, which is no failure. */
const wasRead = (error: NodeJS.ErrnoException): boolean => error.code === 'EPIPE';
