// The file of one-time passwords on disk.
import { editSecretFile, readSecretFile } from './secret_file.ts';
import type { FileEdit, FileWords } from './secret_file.ts';

const OTP: FileWords = {
  code: 'OTP',
  remedy: 'make it with "wolfguard otp USER", or correct auth.file.otp_path',
};

/** Throws WolfguardError OTP_MISSING or OTP_ACCESS. */
export const readOtpFile = (file: string): Promise<Buffer> => readSecretFile(file, OTP);

/** As editSecretFile. */
export const editOtpFile = (
  file: string,
  edit: FileEdit,
  options: { readonly create?: boolean } = {},
): Promise<boolean> => editSecretFile(file, OTP, edit, options);
