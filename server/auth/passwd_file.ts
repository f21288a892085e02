// The passwd file on disk.
import { editSecretFile, readSecretFile } from './secret_file.ts';
import type { FileEdit, FileWords } from './secret_file.ts';

const PASSWD: FileWords = {
  code: 'PASSWD',
  remedy: 'make it with "wolfguard passwd USER", or correct auth.file.path',
};

/** Throws WolfguardError PASSWD_MISSING or PASSWD_ACCESS. */
export const readPasswdFile = (file: string): Promise<Buffer> => readSecretFile(file, PASSWD);

/** As editSecretFile. */
export const editPasswdFile = (
  file: string,
  edit: FileEdit,
  options: { readonly create?: boolean } = {},
): Promise<boolean> => editSecretFile(file, PASSWD, edit, options);
