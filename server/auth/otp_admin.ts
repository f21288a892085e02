// What an administrator does to the file of one-time passwords. Used by `wolfguard otp`.
import { randomBytes } from 'node:crypto';
import { WolfguardError } from '../../core/error.ts';
import { DEFAULT_ALGORITHM, DEFAULT_DIGITS, DEFAULT_PERIOD_S } from '../../core/otp/token.ts';
import type { TotpToken } from '../../core/otp/token.ts';
import { RECOVERY_BYTES, readTypedCode, renderRecoveryCode } from '../../core/otp/typed_code.ts';
import { editOtpFile, readOtpFile } from './otp_file.ts';
import { parseOtp, putOtp, removeOtp } from './otp_lines.ts';
import type { OtpTable } from './otp_lines.ts';
import { hashRecoveryCode } from './otp_secrets.ts';

// As long as the output of SHA-1 [rfc4226 4].
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;

/** Of the kind that every authenticator app understands. */
export const newToken = (): TotpToken => ({
  kind: 'totp',
  secret: randomBytes(SECRET_BYTES),
  algorithm: DEFAULT_ALGORITHM,
  digits: DEFAULT_DIGITS,
  periodS: DEFAULT_PERIOD_S,
});

/** Ten of them, as people shall write them down. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => renderRecoveryCode(randomBytes(RECOVERY_BYTES)));

/**
 * Writes a person's token, making the file (mode 0600) where missing; false if they have one and it
 * is not to be replaced. The name must have passed `nameProblem`. Throws WolfguardError.
 */
export async function enrol(
  file: string,
  person: {
    readonly name: string;
    readonly token: TotpToken;
    readonly recoveryCodes: readonly string[];
    readonly replace: boolean;
  },
): Promise<boolean> {
  let written = false;
  const edit = (bytes: Buffer): Buffer | null => {
    const { name, token, recoveryCodes, replace } = person;
    const table = own(file, bytes);
    written = replace || !table.entries.has(name);
    if (!written) return null;
    return putOtp(bytes, { name, token, recovery: hashesOf(token, recoveryCodes) });
  };
  await editOtpFile(file, edit, { create: true });
  return written;
}

/** Voids the old recovery codes; false if the person is not enrolled. Throws WolfguardError. */
export async function renewRecovery(
  file: string,
  name: string,
  recoveryCodes: readonly string[],
): Promise<boolean> {
  return editOtpFile(file, (bytes) => {
    const entry = own(file, bytes).entries.get(name);
    if (entry?.token.kind !== 'totp') return null;
    const { token } = entry;
    return putOtp(bytes, { name, token, recovery: hashesOf(token, recoveryCodes) });
  });
}

/** False if there is no such person. Throws WolfguardError. */
export const unenrol = (file: string, name: string): Promise<boolean> =>
  editOtpFile(file, (bytes) => {
    own(file, bytes);
    return removeOtp(bytes, name);
  });

/** Who is enrolled, in the order of the file, and what is wrong with lines. Throws WolfguardError. */
export async function listOtp(file: string): Promise<OtpTable> {
  return parseOtp(await readOtpFile(file));
}

/** Whether the person has a token; a file that is missing has nobody's. Throws WolfguardError. */
export async function isEnrolled(file: string, name: string): Promise<boolean> {
  try {
    return own(file, await readOtpFile(file)).entries.has(name);
  } catch (error) {
    if (error instanceof WolfguardError && error.code === 'OTP_MISSING') return false;
    throw error;
  }
}

function own(file: string, bytes: Buffer): OtpTable {
  const table = parseOtp(bytes);
  if (!table.liboath) return table;
  throw new WolfguardError(
    'OTP_LIBOATH',
    `${file} is a users file of liboath, which is read but never changed: edit it by hand, or name another file in auth.file.otp_path.`,
  );
}

function hashesOf(token: TotpToken, codes: readonly string[]): string[] {
  return codes.flatMap((text) => {
    const typed = readTypedCode(text);
    return typed.kind === 'recovery' ? [hashRecoveryCode(token, typed.code)] : [];
  });
}
