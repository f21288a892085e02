// `wolfguard ocpasswd`: ocpasswd's command line and habits, on the file that ocserv reads: the hash
// is one that crypt(3) knows, and who is given a password is unlocked and in the groups of -g alone.
import {
  groupProblem,
  nameProblem,
  putUser,
  removeUser,
  setLocked,
} from '../../server/auth/passwd_lines.ts';
import { askHidden, readLine } from '../hidden_prompt.ts';
import { processStreams, UserCommand } from '../user_command.ts';
import type { CommandStreams, ExitCode } from '../user_command.ts';
import { editOcpasswd } from './ocpasswd_file.ts';
import { newSalt, sha512Crypt } from './sha512_crypt.ts';

export interface OcpasswdOptions {
  readonly username: string;
  readonly passwd?: string | undefined;
  readonly groupname?: string | undefined;
  readonly delete?: boolean | undefined;
  readonly lock?: boolean | undefined;
  readonly unlock?: boolean | undefined;
}

const DEFAULT_FILE = '/etc/ocserv/ocpasswd';

export async function ocpasswdCommand(
  options: OcpasswdOptions,
  streams: CommandStreams = processStreams(),
): Promise<ExitCode> {
  const command = new UserCommand('ocpasswd', streams);
  const problem = usageProblem(options);
  if (problem !== null) return command.complain(problem);
  return command.run(null, () => work(options, command, streams));
}

function usageProblem({ username, groupname, ...flags }: OcpasswdOptions): string | null {
  const chosen = [flags.delete, flags.lock, flags.unlock].filter((flag) => flag === true);
  if (chosen.length > 1) return 'give only one of -d, -l and -u';
  const problem = nameProblem(username);
  if (problem !== null) return `the user name ${problem}`;
  for (const group of groupsOf(groupname)) {
    const wrong = groupProblem(group);
    if (wrong !== null) return `the group name ${JSON.stringify(group)} ${wrong}`;
  }
  return null;
}

const groupsOf = (names = ''): string[] =>
  names.split(',').filter((name) => name !== '' && name !== '*');

async function work(
  { username: name, passwd: file = DEFAULT_FILE, groupname, ...flags }: OcpasswdOptions,
  command: UserCommand,
  streams: CommandStreams,
): Promise<ExitCode> {
  const change = changeOf(name, flags);
  if (change !== null) {
    editOcpasswd(file, (bytes) => change(bytes) ?? bytes, { create: false });
    return 0;
  }
  const typed = await readPassword(streams);
  if ('problem' in typed) return command.complain(typed.problem);
  const hash = sha512Crypt(typed.text, newSalt());
  const groups = groupsOf(groupname);
  const put = (bytes: Buffer): Buffer => {
    const unlocked = setLocked(bytes, name, false) ?? bytes;
    return putUser(unlocked, { name, groups, hash });
  };
  editOcpasswd(file, put, { create: true });
  return 0;
}

/** null: a password is to be set. Who is not in the file is no mistake, as with ocpasswd. */
function changeOf(
  name: string,
  flags: Pick<OcpasswdOptions, 'delete' | 'lock' | 'unlock'>,
): ((bytes: Buffer) => Buffer | null) | null {
  if (flags.delete === true) return (bytes) => removeUser(bytes, name);
  if (flags.lock !== true && flags.unlock !== true) return null;
  return (bytes) => setLocked(bytes, name, flags.lock === true);
}

async function readPassword({
  input,
  errors,
}: CommandStreams): Promise<{ readonly text: string } | { readonly problem: string }> {
  if (input.isTTY !== true) {
    const line = await readLine(input);
    return line === null || line === '' ? { problem: MISSING } : { text: line };
  }
  const [first, second] = await askHidden(
    ['Enter password: ', 'Re-enter password: '],
    input,
    errors,
  );
  if (first == null || second == null || first === '') return { problem: MISSING };
  return first === second ? { text: first } : { problem: 'Passwords do not match' };
}

const MISSING = 'Please specify a password';
