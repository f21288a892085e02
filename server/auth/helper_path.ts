// Where the helper programs are. They are optional: they exist where the headers of their library
// were there at build time.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { nativeBuildDirectory } from '../../native/addon.ts';

/** The programs of native/helper. */
export type HelperName = 'wolfguard-crypt' | 'wolfguard-pam';

/**
 * The path of a helper program, null if it was not built. WOLFGUARD_HELPER_DIR names another
 * build (the sanitized one in tests).
 */
export function helperPath(name: HelperName): string | null {
  const directory = process.env['WOLFGUARD_HELPER_DIR'] ?? nativeBuildDirectory();
  const file = path.join(directory, name);
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return null;
  }
}
