// `wolfguard otp`: who has one-time passwords. What it changes counts from the next login on,
// without a reload.
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
import { renderRecovery, renderToken } from './otp_text.ts';
import { processStreams, UserCommand } from './user_command.ts';
import type { CommandStreams, ExitCode } from './user_command.ts';
import { renderTable } from './terminal/table.ts';

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

export interface OtpStreams extends CommandStreams {
  readonly now: () => number;
}

const DEFAULT_ISSUER = 'wolfguard';
const TRIES = 3;

export async function otpCommand(
  options: OtpOptions,
  streams: OtpStreams = { ...processStreams(), now: Date.now },
): Promise<ExitCode> {
  return commandOn(streams).run(usageProblem(options), () =>
    options.list === true
      ? list(options.file, streams)
      : change(options, options.user ?? '', streams),
  );
}

const commandOn = (streams: OtpStreams): UserCommand => new UserCommand('wolfguard otp', streams);

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
    return (await unenrol(file, user)) ? 0 : commandOn(streams).complain(notEnrolled);
  }
  const recoveryCodes = newRecoveryCodes();
  if (options.recovery === true) {
    if (!(await renewRecovery(file, user, recoveryCodes)))
      return commandOn(streams).complain(notEnrolled);
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
  if ((await isEnrolled(file, user)) && !replace) return commandOn(streams).complain(taken);
  const token = newToken();
  streams.output.write(renderToken(token, { issuer, user, colour: streams.output.isTTY === true }));
  if (confirm && !(await isConfirmed(token, streams))) {
    return commandOn(streams).complain('no code of the app was right, nothing changed');
  }
  const written = await enrol(file, { name: user, token, recoveryCodes, replace });
  if (!written) return commandOn(streams).complain(taken);
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
