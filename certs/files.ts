// Reading and writing PEM files with words for what goes wrong.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';

import { WolfguardError } from '../core/error.ts';

/**
 * Replaces a file in one step: a reader sees the old content or the new, and a crash or a full
 * disk leaves the old. The mode holds whatever the umask, from the first byte on.
 */
export function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number,
): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      fchmodSync(fd, mode);
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new WolfguardError('FILE_WRITE', `cannot write ${path}: ${reasonOf(error)}`);
  }
}

/** The text of a file that an operator named; `what` says what it should hold. */
export function readNamedFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new WolfguardError('FILE_READ', `cannot read the ${what} ${path}: ${reasonOf(error)}`);
  }
}

/** The bytes of a file that an operator named; `what` says what it should hold. */
export function readNamedBytes(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WolfguardError('FILE_READ', `cannot read the ${what} ${path}: ${reasonOf(error)}`);
  }
}

/** "no such file", "permission denied" … instead of Node's whole sentence. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words: Record<string, string> = {
    ENOENT: 'no such file or folder',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    ENOSPC: 'no space left on the disk',
    EROFS: 'the file system is read-only',
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}
