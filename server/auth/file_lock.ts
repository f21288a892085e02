// A lock between processes that edit one file: the server's auth process and `wolfguard passwd`.
//
// Node has no flock(2). A lock file made with O_EXCL outlives a crash, and taking over a stale one
// is a race of its own. SQLite holds its lock as a lock of the kernel on `FILE.lock`: it ends with
// the process that holds it, however that ends. Nothing is ever written into that database.
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { WolfguardError } from '../../core/error.ts';

// An edit takes milliseconds; who waits longer than this waits for a process that hangs.
const DEFAULT_PATIENCE_MS = 10_000;
const RETRY_MS = 15;
// SQLite's result code for "another connection holds it".
const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process or caller holds the lock of `file`. Throws WolfguardError
 * FILE_LOCKED when it was not to be had in time.
 */
export async function withFileLock<T>(
  file: string,
  work: () => Promise<T>,
  patienceMs = DEFAULT_PATIENCE_MS,
): Promise<T> {
  const lockFile = `${file}.lock`;
  // Made here, so that nobody else may open it, and with it hold the lock.
  closeSync(openSync(lockFile, 'a', 0o600));
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    const deadline = Date.now() + patienceMs;
    while (!tryLock(lock)) {
      if (Date.now() >= deadline) {
        throw new WolfguardError(
          'FILE_LOCKED',
          `Another process has been editing ${file} for a while (it holds ${lockFile}): try again.`,
        );
      }
      await sleep(RETRY_MS * (0.5 + Math.random()));
    }
    return await work();
  } finally {
    lock.close();
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    // In memory: no journal file appears beside it.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
