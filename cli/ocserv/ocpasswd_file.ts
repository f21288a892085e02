// Edits a password file of ocserv in place, under the lock that ocpasswd itself takes: a file beside
// it, which then becomes the new one. What the edit is not about stays as it is, byte by byte.
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { WolfguardError } from '../../core/error.ts';

/** Throws WolfguardError OCPASSWD; `create`: a missing file is an empty one. */
export function editOcpasswd(
  file: string,
  edit: (bytes: Buffer) => Buffer,
  { create }: { readonly create: boolean },
): void {
  const target = resolved(file);
  const current = currentOf(target, create);
  const temporary = `${target}.tmp`;
  const fd = openLock(temporary, file);
  try {
    try {
      // Read anew: who held the lock may have changed it.
      const bytes = current === null ? Buffer.alloc(0) : readFileSync(target);
      writeSync(fd, edit(bytes));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (current !== null) {
      chownSync(temporary, current.uid, current.gid);
      chmodSync(temporary, current.mode & 0o7777);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw failure(file, 'writing', error);
  }
}

/** A link stays one. */
function resolved(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function currentOf(file: string, create: boolean): Stats | null {
  try {
    return statSync(file);
  } catch (error) {
    if (create && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw failure(file, 'reading', error);
  }
}

function openLock(temporary: string, file: string): number {
  try {
    return openSync(temporary, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failure(file, 'writing', error);
    throw new WolfguardError(
      'OCPASSWD',
      `file '${file}' is locked: somebody else edits it, or left ${temporary} behind`,
    );
  }
}

const failure = (file: string, what: 'reading' | 'writing', error: unknown): unknown =>
  error instanceof WolfguardError
    ? error
    : new WolfguardError(
        'OCPASSWD',
        `Cannot open '${file}' for ${what}: ${(error as Error).message}`,
      );
