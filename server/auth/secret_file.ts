// A file of secrets on disk that people, the server and commands edit: read whole, replaced whole.
// A reader sees the old file or the new one; a crash or a full disk leaves the old one.
import { randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { WolfguardError } from '../../core/error.ts';
import { withFileLock } from './file_lock.ts';

/** Gives the file's new content, or null to leave it as it is. */
export type FileEdit = (bytes: Buffer) => Buffer | null;

/** How an operator hears about trouble with the file. */
export interface FileWords {
  /** The errors are called CODE_MISSING and CODE_ACCESS. */
  readonly code: 'PASSWD' | 'OTP';
  /** What to do when there is none: an imperative, the end of a sentence. */
  readonly remedy: string;
}

const NEW_FILE_MODE = 0o600;

/** Throws WolfguardError CODE_MISSING or CODE_ACCESS. */
export async function readSecretFile(file: string, words: FileWords): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw fileError(file, words, error, 'read');
  }
}

/**
 * Applies `edit` to the file under its lock, keeping owner and mode; false if it changed nothing.
 * `create` makes a missing file (mode 0600). Throws WolfguardError CODE_MISSING, CODE_ACCESS or
 * FILE_LOCKED.
 */
export async function editSecretFile(
  file: string,
  words: FileWords,
  edit: FileEdit,
  options: { readonly create?: boolean } = {},
): Promise<boolean> {
  try {
    const target = await resolveLinks(file, words);
    return await withFileLock(target, async () => {
      const current = await readCurrent(target, options.create ?? false);
      const next = edit(current?.bytes ?? Buffer.alloc(0));
      if (next === null || current?.bytes.equals(next) === true) return false;
      await replaceFile(target, next, current);
      return true;
    });
  } catch (error) {
    throw fileError(file, words, error, 'changed');
  }
}

interface CurrentFile {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Renaming over a symbolic link would replace the link and leave the file that it names. */
async function resolveLinks(file: string, words: FileWords): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return path.join(await resolveFolder(path.dirname(file), words), path.basename(file));
  }
}

async function resolveFolder(folder: string, { code }: FileWords): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new WolfguardError(`${code}_MISSING`, `There is no folder ${folder}: make it first.`);
  }
}

async function readCurrent(file: string, mayBeMissing: boolean): Promise<CurrentFile | null> {
  try {
    const { mode, uid, gid } = await stat(file);
    return { bytes: await readFile(file), mode: mode & 0o7777, uid, gid };
  } catch (error) {
    if (mayBeMissing && isMissing(error)) return null;
    throw error;
  }
}

async function replaceFile(file: string, bytes: Buffer, like: CurrentFile | null): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', NEW_FILE_MODE);
    try {
      await handle.writeFile(bytes);
      // Owner first: chown takes special mode bits away.
      if (like !== null) {
        await handle.chown(like.uid, like.gid);
        await handle.chmod(like.mode);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** Makes the rename itself survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function fileError(
  file: string,
  { code, remedy }: FileWords,
  error: unknown,
  verb: 'read' | 'changed',
): unknown {
  if (error instanceof WolfguardError) return error;
  if (isMissing(error)) {
    return new WolfguardError(`${code}_MISSING`, `There is no file ${file}: ${remedy}.`);
  }
  const { code: errno, message } = error as NodeJS.ErrnoException;
  if (errno === undefined) return error;
  return new WolfguardError(`${code}_ACCESS`, `${file} cannot be ${verb}: ${message}`);
}
