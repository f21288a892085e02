// Nothing that a scenario makes may outlive it: not after a failure, not after Ctrl-C, not when
// the test process itself is killed. Three nets, one below the other:
//   1. Lab.close() after each test or suite, in order and with waiting;
//   2. sweepNow() when this process exits or is interrupted, without waiting;
//   3. sweepStale() at the next start, for namespaces whose test process is gone.
// A namespace is named after the process that made it, so only our own are ever touched.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const PREFIX = 'wgt-';

const livePrograms = new Set<number>();
const liveNamespaces = new Set<string>();
let made = 0;

/** A namespace name that no other test process uses. */
export function newNamespaceName(): string {
  arm();
  made += 1;
  const name = `${PREFIX}${process.pid}-${made}`;
  liveNamespaces.add(name);
  return name;
}

/** Deletes a namespace made here and kills what still runs inside it. */
export function deleteNamespace(name: string): void {
  killInside(name);
  spawnSync('ip', ['netns', 'del', name]);
  liveNamespaces.delete(name);
}

/** The pids of the programs that run in a namespace. */
export function pidsInside(name: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Remembers a program started here until `forgetProgram`. */
export function rememberProgram(pid: number): void {
  arm();
  livePrograms.add(pid);
}

export function forgetProgram(pid: number): void {
  livePrograms.delete(pid);
}

/** Sends a signal; a process that is already gone is no error. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

let armed = false;

function arm(): void {
  if (armed) return;
  armed = true;
  sweepStale();
  process.on('exit', sweepNow);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      sweepNow();
      process.exit(1);
    });
  }
}

function sweepNow(): void {
  for (const pid of livePrograms) signalQuietly(pid, 'SIGKILL');
  for (const name of liveNamespaces) deleteNamespace(name);
}

function sweepStale(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const line of stdout.split('\n')) {
    const match = /^(wgt-(\d+)-\d+)/.exec(line);
    if (match?.[1] !== undefined && !isAlive(Number(match[2]))) deleteNamespace(match[1]);
  }
}

function killInside(name: string): void {
  for (const pid of pidsInside(name)) signalQuietly(pid, 'SIGKILL');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
