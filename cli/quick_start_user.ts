// The user of the quick start: one line in the passwd file, its password known only to who reads
// the announcement.
import { randomInt } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';

import { writeFileAtomically } from '../certs/files.ts';
import { listUsers, setPassword } from '../server/auth/passwd_admin.ts';

/** Without the pairs that people mistake for each other: 0 O, 1 l I. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** 20 of 56 characters are 116 bits. */
const PASSWORD_LENGTH = 20;

/** A user and, at a start that made one, the password in clear text. */
export interface QuickStartUser {
  readonly name: string;
  readonly password: string | null;
  /** To be called once the password has been shown. */
  shown(): void;
}

/**
 * Makes the user, or a new password for the first user of the file: on demand, and also when the
 * last start made one and failed before anybody could read it.
 */
export async function ensureUser(
  passwdFile: string,
  defaultName: string,
  newPassword: boolean,
): Promise<QuickStartUser> {
  const marker = path.join(path.dirname(passwdFile), '.password-not-shown-yet');
  const first = existsSync(passwdFile) ? await firstUser(passwdFile) : undefined;
  if (first !== undefined && !newPassword && !existsSync(marker)) {
    return { name: first, password: null, shown: () => undefined };
  }
  const name = first ?? defaultName;
  const password = randomPassword();
  writeFileAtomically(marker, '', 0o600);
  await setPassword(passwdFile, { name, password });
  return { name, password, shown: () => rmSync(marker, { force: true }) };
}

async function firstUser(passwdFile: string): Promise<string | undefined> {
  const { entries } = await listUsers(passwdFile);
  return entries.keys().next().value;
}

/** 20 characters that can be read out over a telephone and pasted into any shell. */
export const randomPassword = (): string =>
  Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
