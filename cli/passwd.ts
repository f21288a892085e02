// `wolfguard passwd`: the people of the passwd file. What it changes counts from the next login on,
// without a reload.
import process from 'node:process';
import { WolfguardError } from '../core/error.ts';
import { deleteUser, listUsers, lockUser, setPassword } from '../server/auth/passwd_admin.ts';
import { groupProblem, nameProblem } from '../server/auth/passwd_lines.ts';
import type { PasswdEntry } from '../server/auth/passwd_lines.ts';
import { askHidden, readLine } from './hidden_prompt.ts';
import type { PasswordInput } from './hidden_prompt.ts';
import { renderTable } from './wolfctl/text.ts';

export interface PasswdOptions {
  /** The passwd file: auth.file.path of the configuration. */
  readonly file: string;
  readonly user?: string | undefined;
  readonly list?: boolean | undefined;
  readonly delete?: boolean | undefined;
  readonly lock?: boolean | undefined;
  readonly unlock?: boolean | undefined;
  /** New groups of the user; undefined leaves them as they are. */
  readonly groups?: readonly string[] | undefined;
  /** Read the password as a line from stdin even where that is a terminal. */
  readonly stdin?: boolean | undefined;
}

/** Where the command reads and writes: the process's own streams unless a test gives others. */
export interface PasswdStreams {
  readonly input: PasswordInput;
  readonly output: { write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

type ExitCode = 0 | 1 | 2;

// The longest that the login dialogue hands to a backend.
const MAX_PASSWORD_CHARACTERS = 512;

/** Exit code 0: done · 1: not done, and why is on stderr · 2: called wrongly. */
export async function passwdCommand(
  options: PasswdOptions,
  streams: PasswdStreams = {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
  },
): Promise<ExitCode> {
  const usage = usageProblem(options);
  if (usage !== null) return complain(streams, usage, 2);
  try {
    if (options.list === true) return await list(options.file, streams);
    return await change(options, options.user ?? '', streams);
  } catch (error) {
    if (error instanceof WolfguardError) return complain(streams, error.message, 1);
    throw error;
  }
}

function usageProblem({ user, groups, ...options }: PasswdOptions): string | null {
  const actions = [options.list, options.delete, options.lock, options.unlock];
  const chosen = actions.filter((action) => action === true).length;
  if (chosen > 1) return 'give only one of --list, --delete, --lock and --unlock';
  if (chosen > 0 && groups !== undefined) return 'groups are set together with a password only';
  if (options.list === true) return user === undefined ? null : '--list takes no user';
  if (user === undefined) return 'which user? wolfguard passwd USER';
  const problem = nameProblem(user);
  if (problem !== null) return `the user name ${problem}`;
  for (const group of groups ?? []) {
    const wrong = groupProblem(group);
    if (wrong !== null) return `the group name ${JSON.stringify(group)} ${wrong}`;
  }
  return null;
}

async function list(file: string, { output, errors }: PasswdStreams): Promise<ExitCode> {
  const { entries, problems } = await listUsers(file);
  const rows = [...entries.values()].map((entry) => [
    entry.name,
    entry.groups.join(',') || '-',
    stateOf(entry),
  ]);
  output.write(renderTable(['USER', 'GROUPS', 'STATE'], rows));
  for (const { line, reason } of problems) errors.write(`${file}:${line}: the line ${reason}\n`);
  return 0;
}

function stateOf({ locked, hash }: PasswdEntry): string {
  if (hash === null) return 'no password';
  const how = hash.kind === 'crypt' ? 'crypt, renewed at the next login' : hash.kind;
  return `${locked ? 'locked' : 'active'} (${how})`;
}

async function change(
  options: PasswdOptions,
  user: string,
  streams: PasswdStreams,
): Promise<ExitCode> {
  const { file } = options;
  const noSuchUser = `there is no user ${JSON.stringify(user)} in ${file}`;
  if (options.delete === true) {
    return (await deleteUser(file, user)) ? 0 : complain(streams, noSuchUser, 1);
  }
  if (options.lock === true || options.unlock === true) {
    const found = await lockUser(file, user, options.lock === true);
    return found ? 0 : complain(streams, noSuchUser, 1);
  }
  const password = await readPassword(options.stdin === true, user, streams);
  if ('problem' in password) return complain(streams, password.problem, 1);
  await setPassword(file, { name: user, password: password.text, groups: options.groups });
  await warnIfLocked(file, user, streams);
  return 0;
}

type Password = { readonly text: string } | { readonly problem: string };

async function readPassword(
  fromStdin: boolean,
  user: string,
  { input, errors }: PasswdStreams,
): Promise<Password> {
  if (fromStdin || input.isTTY !== true) return acceptable(await readLine(input));
  // On stderr, so that the questions are seen when stdout goes elsewhere.
  const questions = [`New password for ${user}: `, 'The same again: '];
  const [first, second] = await askHidden(questions, input, errors);
  if (first == null || second == null) return { problem: 'no password given, nothing changed' };
  if (first !== second) return { problem: 'the passwords differ, nothing changed' };
  return acceptable(first);
}

function acceptable(text: string | null): Password {
  if (text === null || text === '') return { problem: 'the password is empty, nothing changed' };
  if (text.length > MAX_PASSWORD_CHARACTERS) {
    return { problem: `the password is longer than ${MAX_PASSWORD_CHARACTERS} characters` };
  }
  return /\p{Cc}/u.test(text)
    ? { problem: 'the password has control characters in it, which clients cannot send' }
    : { text };
}

async function warnIfLocked(file: string, user: string, { errors }: PasswdStreams): Promise<void> {
  const { entries } = await listUsers(file);
  if (entries.get(user)?.locked !== true) return;
  errors.write(`wolfguard passwd: ${user} is still locked; unlock with --unlock\n`);
}

function complain({ errors }: PasswdStreams, text: string, code: 1 | 2): ExitCode {
  errors.write(`wolfguard passwd: ${text}\n`);
  return code;
}
