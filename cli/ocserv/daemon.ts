// Going to the background as ocserv does: the process that the shell waits for starts the server as
// a process of a session of its own, and ends when it listens, or with the reason why it does not.
//
//   shell ── ocserv ──────────────────────────┐ exit code 0 or 1
//              └─ spawn ── server (--daemon-process) ── "listening" or "failed" ── goes on, or ends
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

export type FromDaemon =
  { readonly kind: 'listening' } | { readonly kind: 'failed'; readonly message: string };

/** Starts the same command line again, in the background; resolves with the exit code. */
export function becomeDaemon(complain: (text: string) => void): Promise<0 | 1> {
  const extension = path.extname(import.meta.filename);
  const program = path.join(import.meta.dirname, '..', `wolfguard${extension}`);
  const args = [program, 'ocserv', '--daemon-process', ...ownArguments(process.argv)];
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    // As daemon(3) leaves them: what it has to say goes to the log.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  });
  return new Promise((resolve) => {
    let over = false;
    const end = (code: 0 | 1, text = ''): void => {
      if (over) return;
      over = true;
      for (const signal of SIGNALS) process.off(signal, stopChild);
      complain(text);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(code);
    };
    const stopChild = (): void => void child.kill('SIGTERM');
    for (const signal of SIGNALS) process.on(signal, stopChild);
    child.on('error', (error) => end(1, `error: cannot start: ${error.message}\n`));
    child.on('message', (message: FromDaemon) => {
      if (message.kind === 'listening') end(0);
      else end(1, `error: ${message.message}\n`);
    });
    child.on('exit', (code, signal) =>
      end(1, `error: the server ended at its start (${signal ?? code}): -f shows what it says\n`),
    );
  });
}

/** To the process that waits for us; resolves when it is said, and nothing more is afterwards. */
export function tellParent(message: FromDaemon): Promise<void> {
  if (!process.connected) return Promise.resolve();
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => {
      process.disconnect?.();
      resolve();
    });
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Behind the program, and behind the command where it was called by its own name. */
function ownArguments(argv: readonly string[]): string[] {
  const rest = argv.slice(2);
  return rest[0] === 'ocserv' ? rest.slice(1) : rest;
}
