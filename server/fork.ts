import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { Log } from './log.ts';

/** Programs of ours that run as children of the primary, by path without extension. */
export type Program =
  'worker/app' | 'server/auth/app' | 'server/hooks/plugin_app' | 'server/metrics/app';

/** The number of the first descriptor of `fds` in the child: behind stdin, stdout, stderr, IPC. */
export const FIRST_INHERITED_FD = 4;

/** A service's environment may hold secrets; the children get what a program needs to run. */
const PASSED_ON =
  /^(PATH|HOME|LANG|LC_\w+|TZ|LD_PRELOAD|LD_LIBRARY_PATH|(A|UB|L)SAN_OPTIONS|NODE_\w+|WOLFGUARD_\w+)$/;

/**
 * V8's own limit lets what a burst of logins leaves behind grow to 64 MiB in each process before it
 * looks, and idle processes never look. Small halves are also cheaper: they stay in the cache.
 */
const YOUNG_HEAP_MIB = 2;

export interface ForkOptions {
  /** What ps shows: "wolfguard: worker 0". */
  readonly title: string;
  /** They become descriptors 4, 5, 6 … of the child. */
  readonly fds: readonly number[];
  /** This many threads compute password hashes (libuv's own pool has 4). */
  readonly threads?: number;
}

/** Starts one of our programs. */
export function forkProgram(
  program: Program,
  { title, fds, threads }: ForkOptions,
  log: Pick<Log, 'relay'>,
): ChildProcess {
  const child = fork(programFile(program), [], {
    // Structured clone: bigint, Uint8Array and Map pass unchanged.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc', ...fds],
    // A session of its own: Ctrl-C on the terminal reaches the primary, which stops the children.
    detached: true,
    execArgv: [`--title=${title}`, `--max-semi-space-size=${YOUNG_HEAP_MIB}`],
    env: environment(threads),
  });
  if (child.stdout !== null) log.relay(child.stdout);
  return child;
}

function environment(threads: number | undefined): Record<string, string | undefined> {
  const passed = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  if (threads === undefined) return Object.fromEntries(passed);
  return {
    ...Object.fromEntries(passed),
    UV_THREADPOOL_SIZE: String(threads),
    // A hash takes 19 MiB: given back to the system each time, not kept once for every thread.
    MALLOC_MMAP_THRESHOLD_: String(1024 * 1024),
  };
}

/** .ts in a checkout, .js in the published package: whatever this file itself is. */
function programFile(program: Program): string {
  const extension = path.extname(import.meta.filename);
  return path.join(import.meta.dirname, '..', `${program}${extension}`);
}
