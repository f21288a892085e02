// What an administrator does to the passwd file. Used by `wolfguard passwd` and the quick start.
import { editPasswdFile, readPasswdFile } from './passwd_file.ts';
import { parsePasswd, putUser, removeUser, setLocked } from './passwd_lines.ts';
import type { PasswdTable } from './passwd_lines.ts';
import { hashPassword } from './password_hash.ts';

/**
 * Sets a user's password, adding the user (and the file, mode 0600) where missing. Groups that are
 * not given stay as they are. The name must have passed `nameProblem`. Throws WolfguardError.
 */
export async function setPassword(
  file: string,
  user: {
    readonly name: string;
    readonly password: string;
    readonly groups?: readonly string[] | undefined;
  },
): Promise<void> {
  const hash = await hashPassword(user.password);
  const edit = (bytes: Buffer): Buffer =>
    putUser(bytes, { name: user.name, groups: user.groups, hash });
  await editPasswdFile(file, edit, { create: true });
}

/** False if there is no such user. Throws WolfguardError. */
export function deleteUser(file: string, name: string): Promise<boolean> {
  return editExisting(file, (bytes) => removeUser(bytes, name));
}

/** Locks or unlocks an account; false if there is no such user. Throws WolfguardError. */
export function lockUser(file: string, name: string, locked: boolean): Promise<boolean> {
  return editExisting(file, (bytes) => setLocked(bytes, name, locked));
}

/** The users in the order of the file, and what is wrong with its lines. Throws WolfguardError. */
export async function listUsers(file: string): Promise<PasswdTable> {
  return parsePasswd(await readPasswdFile(file));
}

/** Tells "no such user" from "already so", which change the file as little. */
async function editExisting(
  file: string,
  edit: (bytes: Buffer) => Buffer | null,
): Promise<boolean> {
  let found = false;
  await editPasswdFile(file, (bytes) => {
    const next = edit(bytes);
    found = next !== null;
    return next;
  });
  return found;
}
