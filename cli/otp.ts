// `wolfguard otp`: who has one-time passwords. What it changes counts from the next login on,
// without a reload.
import process from 'node:process';
import { WolfguardError } from '../core/error.ts';
import type { TotpToken } from '../core/otp/token.ts';
import {
  enrol,
  isEnrolled,
  listOtp,
  newRecoveryCodes,
  newToken,
  renewRecovery,
  unenrol,
} from '../server/auth/otp_admin.ts';
import type { OtpEntry } from '../server/auth/otp_lines.ts';
import { matchCode } from '../server/auth/otp_secrets.ts';
import { nameProblem } from '../server/auth/passwd_lines.ts';
import { readTypedCode } from '../core/otp/typed_code.ts';
import { readLines } from './hidden_prompt.ts';
import type { PasswordInput } from './hidden_prompt.ts';
import { renderRecovery, renderToken } from './otp_text.ts';
import { renderTable } from './wolfctl/text.ts';

export interface OtpOptions {
  /** The file of one-time passwords: auth.file.otp_path of the configuration. */
  readonly file: string;
  readonly user?: string | undefined;
  readonly list?: boolean | undefined;
  readonly delete?: boolean | undefined;
  /** New recovery codes for the token that is there. */
  readonly recovery?: boolean | undefined;
  /** Of a person who has a token: give them another. */
  readonly replace?: boolean | undefined;
  /** false: do not ask for a code of the app. */
  readonly confirm?: boolean | undefined;
  /** What the app calls us. */
  readonly issuer?: string | undefined;
}

/** Where the command reads and writes: the process's own streams unless a test gives others. */
export interface OtpStreams {
  readonly input: PasswordInput;
  readonly output: { readonly isTTY?: boolean | undefined; write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
  readonly now: () => number;
}

type ExitCode = 0 | 1 | 2;

const DEFAULT_ISSUER = 'wolfguard';
const TRIES = 3;

/** Exit code 0: done · 1: not done, and why is on stderr · 2: called wrongly. */
export async function otpCommand(
  options: OtpOptions,
  streams: OtpStreams = {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    now: Date.now,
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

function usageProblem({ user, issuer, ...options }: OtpOptions): string | null {
  const actions = [options.list, options.delete, options.recovery];
  const chosen = actions.filter((action) => action === true).length;
  if (chosen > 1) return 'give only one of --list, --delete and --recovery';
  const enrolling = [issuer !== undefined, options.replace === true, options.confirm === false];
  if (chosen > 0 && enrolling.includes(true)) {
    return '--issuer, --replace and --no-confirm are for a new secret only';
  }
  if (options.list === true) return user === undefined ? null : '--list takes no user';
  if (user === undefined) return 'which user? wolfguard otp USER';
  const problem = nameProblem(user);
  if (problem !== null) return `the user name ${problem}`;
  if (issuer !== undefined && (issuer === '' || /[:\p{Cc}]/u.test(issuer))) {
    return 'the issuer is empty, or has a colon or a control character in it';
  }
  return null;
}

async function list(file: string, { output, errors }: OtpStreams): Promise<ExitCode> {
  const { entries, problems } = await listOtp(file);
  const rows = [...entries.values()].map((entry) => [
    entry.name,
    kindOf(entry),
    String(entry.recovery.length),
  ]);
  output.write(renderTable(['USER', 'KIND', 'RECOVERY CODES LEFT'], rows));
  for (const { line, reason } of problems) errors.write(`${file}:${line}: the line ${reason}\n`);
  return 0;
}

function kindOf({ token }: OtpEntry): string {
  const code = `${token.algorithm}, ${token.digits} digits`;
  return token.kind === 'totp' ? `time-based (${code}, ${token.periodS} s)` : `counted (${code})`;
}

async function change(options: OtpOptions, user: string, streams: OtpStreams): Promise<ExitCode> {
  const { file } = options;
  const notEnrolled = `${JSON.stringify(user)} has no one-time passwords in ${file}`;
  if (options.delete === true) {
    return (await unenrol(file, user)) ? 0 : complain(streams, notEnrolled, 1);
  }
  const recoveryCodes = newRecoveryCodes();
  if (options.recovery === true) {
    if (!(await renewRecovery(file, user, recoveryCodes))) return complain(streams, notEnrolled, 1);
    streams.output.write(renderRecovery(recoveryCodes));
    return 0;
  }
  return enrolUser(options, { user, recoveryCodes }, streams);
}

async function enrolUser(
  { file, issuer = DEFAULT_ISSUER, replace = false, confirm = true }: OtpOptions,
  { user, recoveryCodes }: { readonly user: string; readonly recoveryCodes: readonly string[] },
  streams: OtpStreams,
): Promise<ExitCode> {
  const taken = `${user} has one-time passwords already; --replace gives a new secret`;
  // Before anybody scans anything; and again when it is written.
  if ((await isEnrolled(file, user)) && !replace) return complain(streams, taken, 1);
  const token = newToken();
  streams.output.write(renderToken(token, { issuer, user, colour: streams.output.isTTY === true }));
  if (confirm && !(await isConfirmed(token, streams))) {
    return complain(streams, 'no code of the app was right, nothing changed', 1);
  }
  const written = await enrol(file, { name: user, token, recoveryCodes, replace });
  if (!written) return complain(streams, taken, 1);
  streams.output.write(`${user} logs in with a one-time password from now on.\n\n`);
  streams.output.write(renderRecovery(recoveryCodes));
  return 0;
}

/** Asks for the code that the app shows: a secret that was not scanned must not lock anyone out. */
async function isConfirmed(token: TotpToken, { input, errors, now }: OtpStreams): Promise<boolean> {
  // On stderr, so that the question is seen when stdout goes elsewhere.
  const ask = (): unknown => errors.write('The code that the app shows now: ');
  let tries = 0;
  ask();
  for await (const line of readLines(input)) {
    const typed = readTypedCode(line);
    const match = typed.kind === 'otp' ? matchCode(token, typed.code, null, now()) : null;
    if (match !== null) return true;
    tries += 1;
    if (tries === TRIES) return false;
    errors.write('That is not it. Is the clock of the phone right?\n');
    ask();
  }
  errors.write('\n');
  return false;
}

function complain({ errors }: OtpStreams, text: string, code: 1 | 2): ExitCode {
  errors.write(`wolfguard otp: ${text}\n`);
  return code;
}
