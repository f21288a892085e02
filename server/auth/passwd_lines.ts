// The text of a passwd file: lines of "name:groups:hash" as ocpasswd writes them, comments (#) and
// blank lines between. Groups are separated by commas, "*" or nothing means none; a "!" before the
// hash locks the account. Names are UTF-8.
import { appendLine, fromLatin1, isRemark, joinLines, splitLines, toLatin1 } from './byte_lines.ts';
import { parseHash } from './password_hash.ts';
import type { PasswordHash } from './password_hash.ts';

export interface PasswdEntry {
  readonly name: string;
  readonly groups: readonly string[];
  /** The third field without its lock. */
  readonly hashText: string;
  /** null: nobody logs in with this line. */
  readonly hash: PasswordHash | null;
  readonly locked: boolean;
}

/** A line that was skipped or cannot let anyone in. Never bears a hash. */
export interface PasswdProblem {
  readonly line: number;
  readonly reason: string;
}

export interface PasswdTable {
  /** By name, in the order of the file; of two lines with one name the first counts. */
  readonly entries: ReadonlyMap<string, PasswdEntry>;
  readonly problems: readonly PasswdProblem[];
}

const MAX_NAME_CHARACTERS = 64;

export function parsePasswd(bytes: Buffer): PasswdTable {
  const entries = new Map<string, PasswdEntry>();
  const problems: PasswdProblem[] = [];
  splitLines(bytes).forEach((line, index) => {
    if (isRemark(line)) return;
    const entry = parseLine(line);
    if (entry === null) {
      problems.push({ line: index + 1, reason: 'is not name:groups:hash' });
    } else if (entries.has(entry.name)) {
      problems.push({ line: index + 1, reason: 'repeats a name: the first line counts' });
    } else {
      entries.set(entry.name, entry);
      if (entry.hash === null && !isEmptyHash(entry.hashText)) {
        problems.push({ line: index + 1, reason: 'has a hash of an unknown kind' });
      }
    }
  });
  return { entries, problems };
}

/** What is wrong with a user's name for this file, as the end of a sentence; null if nothing. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'is empty';
  if (name.length > MAX_NAME_CHARACTERS) return `is longer than ${MAX_NAME_CHARACTERS} characters`;
  if (/[:\p{Cc}]/u.test(name)) return 'has a colon or a control character in it';
  if (name.trim() !== name) return 'begins or ends with a space';
  // What bytes that are no UTF-8 decode to: two such names could look alike.
  if (name.includes('\ufffd')) return 'has a character in it that stands for an unreadable one';
  return name.startsWith('#') ? 'begins with #, as comments do' : null;
}

/** What is wrong with a group's name, as the end of a sentence; null if nothing. */
export function groupProblem(name: string): string | null {
  if (name === '' || name === '*') return 'is not a name';
  if (/[:,\p{Cc}]/u.test(name)) return 'has a colon, a comma or a control character in it';
  return name.trim() === name ? null : 'begins or ends with a space';
}

/** Adds the user, or changes hash and (unless undefined) groups; a locked account stays locked. */
export function putUser(
  bytes: Buffer,
  user: {
    readonly name: string;
    readonly groups?: readonly string[] | undefined;
    readonly hash: string;
  },
): Buffer {
  const lines = splitLines(bytes);
  const index = lines.findIndex((line) => parseLine(line)?.name === user.name);
  const groups = user.groups && (toLatin1(user.groups.join(',')) || '*');
  if (index === -1) {
    const line = `${toLatin1(user.name)}:${groups ?? '*'}:${user.hash}`;
    return joinLines(appendLine(lines, line));
  }
  const change = { hash: user.hash, ...(groups !== undefined && { groups }) };
  return joinLines(lines.with(index, rewrite(lines[index] ?? '', change)));
}

/** Puts `newHash` where the user's hash is still `oldHash`; null if it no longer is. */
export function replaceHash(
  bytes: Buffer,
  change: { readonly name: string; readonly oldHash: string; readonly newHash: string },
): Buffer | null {
  const lines = splitLines(bytes);
  const index = lines.findIndex((line) => parseLine(line)?.name === change.name);
  const line = lines[index];
  if (line === undefined || parseLine(line)?.hashText !== change.oldHash) return null;
  return joinLines(lines.with(index, rewrite(line, { hash: change.newHash })));
}

/** Removes all lines of the user, lest a second one comes into force; null if there is none. */
export function removeUser(bytes: Buffer, name: string): Buffer | null {
  const lines = splitLines(bytes);
  const rest = lines.filter((line) => parseLine(line)?.name !== name);
  return rest.length === lines.length ? null : joinLines(rest);
}

/** Locks or unlocks all lines of the user; null if there is none. */
export function setLocked(bytes: Buffer, name: string, locked: boolean): Buffer | null {
  const lines = splitLines(bytes);
  const isTheirs = (line: string): boolean => parseLine(line)?.name === name;
  if (!lines.some(isTheirs)) return null;
  return joinLines(lines.map((line) => (isTheirs(line) ? rewrite(line, { locked }) : line)));
}

function parseLine(line: string): PasswdEntry | null {
  if (isRemark(line)) return null;
  const [rawName, rawGroups, rawHash, ...rest] = line.replace(/\r$/, '').split(':');
  if (rawName === undefined || rawGroups === undefined || rawHash === undefined) return null;
  const name = fromLatin1(rawName);
  if (rest.length > 0 || nameProblem(name) !== null) return null;
  const hashText = rawHash.replace(/^!+/, '');
  return {
    name,
    groups: parseGroups(fromLatin1(rawGroups)),
    hashText,
    hash: parseHash(hashText),
    locked: rawHash.startsWith('!'),
  };
}

function parseGroups(field: string): string[] {
  const names = field.split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== '' && name !== '*'))];
}

/** Writes the given fields anew and keeps the name, the other fields and the line's end. */
function rewrite(
  line: string,
  change: { readonly groups?: string; readonly hash?: string; readonly locked?: boolean },
): string {
  const old = parseLine(line);
  const [name = '', groups = ''] = line.split(':');
  const lock = (change.locked ?? old?.locked ?? false) ? '!' : '';
  const hash = change.hash ?? old?.hashText ?? '';
  return `${name}:${change.groups ?? groups}:${lock}${hash}${line.endsWith('\r') ? '\r' : ''}`;
}

/** As other tools write "no password": not worth a warning. */
const isEmptyHash = (text: string): boolean => text === '' || text === '*' || text === 'x';
