// `wolfguard passwd`: the people of the passwd file. What it changes counts from the next login on,
// without a reload.
import { deleteUser, listUsers, lockUser, setPassword } from '../server/auth/passwd_admin.ts';
import { groupProblem, nameProblem } from '../server/auth/passwd_lines.ts';
import type { PasswdEntry } from '../server/auth/passwd_lines.ts';
import { askHidden, readLine } from './hidden_prompt.ts';
import { processStreams, UserCommand } from './user_command.ts';
import type { CommandStreams, ExitCode } from './user_command.ts';
import { renderTable } from './terminal/table.ts';

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

// The longest that the login dialogue hands to a backend.
const MAX_PASSWORD_CHARACTERS = 512;

export async function passwdCommand(
  options: PasswdOptions,
  streams: CommandStreams = processStreams(),
): Promise<ExitCode> {
  return commandOn(streams).run(usageProblem(options), () =>
    options.list === true
      ? list(options.file, streams)
      : change(options, options.user ?? '', streams),
  );
}

const commandOn = (streams: CommandStreams): UserCommand =>
  new UserCommand('wolfguard passwd', streams);

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

async function list(file: string, { output, errors }: CommandStreams): Promise<ExitCode> {
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
  streams: CommandStreams,
): Promise<ExitCode> {
  const { file } = options;
  const noSuchUser = `there is no user ${JSON.stringify(user)} in ${file}`;
  if (options.delete === true) {
    return (await deleteUser(file, user)) ? 0 : commandOn(streams).complain(noSuchUser);
  }
  if (options.lock === true || options.unlock === true) {
    const found = await lockUser(file, user, options.lock === true);
    return found ? 0 : commandOn(streams).complain(noSuchUser);
  }
  const password = await readPassword(options.stdin === true, user, streams);
  if ('problem' in password) return commandOn(streams).complain(password.problem);
  await setPassword(file, { name: user, password: password.text, groups: options.groups });
  await warnIfLocked(file, user, streams);
  return 0;
}

type Password = { readonly text: string } | { readonly problem: string };

async function readPassword(
  fromStdin: boolean,
  user: string,
  { input, errors }: CommandStreams,
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

async function warnIfLocked(file: string, user: string, { errors }: CommandStreams): Promise<void> {
  const { entries } = await listUsers(file);
  if (entries.get(user)?.locked !== true) return;
  errors.write(`wolfguard passwd: ${user} is still locked; unlock with --unlock\n`);
}
