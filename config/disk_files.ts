// Reading what a configuration names, with findings for what goes wrong.
import { readFileSync } from 'node:fs';
import { quote } from './kind.ts';
import type { Finding } from './problems.ts';

/** A file that can be read and holds something else than it should. */
export class Mismatch extends Error {}

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly missing: boolean; readonly finding: Finding };

/** What `action` gives, or a finding about the file that it read. */
export function attempt<T>(key: string, action: () => T): Attempt<T> {
  try {
    return { ok: true, value: action() };
  } catch (error) {
    const { code, message, path } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    if (error instanceof Mismatch || path === undefined)
      return { ok: false, missing, finding: finding(key, message) };
    const why = readFailure(code, message);
    const hint = code === 'EACCES' ? 'run the check as root' : undefined;
    return {
      ok: false,
      missing,
      finding: finding(key, `cannot read ${quote(path)}: ${why}`, hint),
    };
  }
}

/** Words for the errors of reading a file. */
export function readFailure(code: string | undefined, message: string): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  return code === 'EISDIR' ? 'it is a directory' : message;
}

/** The text of a file; throws for `attempt`. */
export function readText(path: string): string {
  return readBytes(path).toString('utf8');
}

/** The bytes of a file; throws for `attempt`. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    // Errors of read(2), unlike those of open(2), do not name the file.
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

/** A mistake at the value of a dotted key. */
export const finding = (key: string, message: string, suggestion?: string): Finding => ({
  path: key.split('.'),
  at: 'value',
  key,
  message: `${key}: ${message}`,
  suggestion,
});
