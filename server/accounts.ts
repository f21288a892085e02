// Names of users and groups to numbers, from /etc/passwd and /etc/group: Node has no call for it.
import { readFileSync } from 'node:fs';
import { WolfguardError } from '../core/error.ts';

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

const SYSTEM_FILES: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group' };

/** The uid of a user name or a number as text; throws WolfguardError naming the key. */
export const findUid = (name: string, key: string, files: AccountFiles = SYSTEM_FILES): number =>
  findNumber(name, { key, what: 'user', file: files.passwd });

/** The gid of a group name or a number as text; throws WolfguardError naming the key. */
export const findGid = (name: string, key: string, files: AccountFiles = SYSTEM_FILES): number =>
  findNumber(name, { key, what: 'group', file: files.group });

/** Both files have name:password:number:… lines. */
function findNumber(
  name: string,
  { key, what, file }: { key: string; what: string; file: string },
): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${name}:`));
  const number = Number(line?.split(':')[2] ?? Number.NaN);
  if (Number.isSafeInteger(number)) return number;
  throw new WolfguardError('NO_ACCOUNT', `${key}: there is no ${what} "${name}" in ${file}`);
}
