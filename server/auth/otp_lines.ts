// The text of the one-time passwords' file, between comments (#) and blank lines:
//
//   name:secret[:parameters[:recovery codes]]       alice:JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP
//                                                   bob:GEZDGNBVGY3TQOJQ:digits=8,period=60
//
// The secret is base32; parameters are algorithm (sha1, sha256, sha512), digits (6 to 8) and period
// (seconds); of recovery codes only hashes are there. Lines of liboath's users file are read too.
import { decodeBase32, encodeBase32 } from '../../core/otp/base32.ts';
import { DEFAULT_ALGORITHM, DEFAULT_DIGITS, DEFAULT_PERIOD_S } from '../../core/otp/token.ts';
import type { OtpAlgorithm, Token, TotpToken } from '../../core/otp/token.ts';
import { appendLine, fromLatin1, isRemark, joinLines, splitLines, toLatin1 } from './byte_lines.ts';
import { parseLiboathLine } from './liboath_lines.ts';
import { nameProblem } from './passwd_lines.ts';

export interface OtpEntry {
  readonly name: string;
  readonly token: Token;
  /** Hashes of the recovery codes that are left. */
  readonly recovery: readonly string[];
}

/** A line that was skipped. Never bears a secret. */
export interface OtpProblem {
  readonly line: number;
  readonly reason: string;
}

export interface OtpTable {
  /** By name, in the order of the file; of two lines with one name the first counts. */
  readonly entries: ReadonlyMap<string, OtpEntry>;
  readonly problems: readonly OtpProblem[];
  /** Some line is liboath's: the file is not ours to write. */
  readonly liboath: boolean;
}

export function parseOtp(bytes: Buffer): OtpTable {
  const entries = new Map<string, OtpEntry>();
  const problems: OtpProblem[] = [];
  let liboath = false;
  splitLines(bytes).forEach((line, index) => {
    if (isRemark(line)) return;
    const foreign = parseLiboathLine(line);
    liboath ||= foreign !== null;
    const entry = foreign === null ? parseLine(line) : ofLiboath(foreign);
    if ('problem' in entry) {
      problems.push({ line: index + 1, reason: entry.problem });
    } else if (entries.has(entry.name)) {
      problems.push({ line: index + 1, reason: 'repeats a name: the first line counts' });
    } else {
      entries.set(entry.name, entry);
    }
  });
  return { entries, problems, liboath };
}

/** Adds the person, or writes their line anew. */
export function putOtp(bytes: Buffer, entry: OtpEntry & { readonly token: TotpToken }): Buffer {
  const lines = splitLines(bytes);
  const index = lines.findIndex((line) => isOf(line, entry.name));
  const line = renderLine(entry);
  return joinLines(index === -1 ? appendLine(lines, line) : lines.with(index, line));
}

/** Removes all lines of the person, lest a second one comes into force; null if there is none. */
export function removeOtp(bytes: Buffer, name: string): Buffer | null {
  const lines = splitLines(bytes);
  const rest = lines.filter((line) => !isOf(line, name));
  return rest.length === lines.length ? null : joinLines(rest);
}

/** Takes one recovery code away; null if it is no longer there. */
export function burnRecovery(bytes: Buffer, name: string, hash: string): Buffer | null {
  const entry = parseOtp(bytes).entries.get(name);
  if (entry?.token.kind !== 'totp' || !entry.recovery.includes(hash)) return null;
  const recovery = entry.recovery.filter((other) => other !== hash);
  return putOtp(bytes, { ...entry, token: entry.token, recovery });
}

function parseLine(line: string): OtpEntry | { readonly problem: string } {
  const fields = line.replace(/\r$/, '').split(':');
  const [rawName = '', rawSecret, parameters = '', recovery = '', ...rest] = fields;
  const name = fromLatin1(rawName);
  if (rawSecret === undefined || rest.length > 0) return { problem: 'is not name:secret' };
  const wrong = nameProblem(name);
  if (wrong !== null) return { problem: `has a name that ${wrong}` };
  const secret = decodeBase32(rawSecret);
  if (secret === null) return { problem: 'has a secret that is not base32' };
  const read = parseParameters(parameters);
  if ('problem' in read) return read;
  const hashes = recovery.split(',').filter((hash) => hash !== '');
  return { name, token: { kind: 'totp', secret, ...read }, recovery: hashes };
}

type Parameters = Pick<TotpToken, 'algorithm' | 'digits' | 'periodS'>;

const ALGORITHMS: Readonly<Record<string, OtpAlgorithm>> = {
  sha1: 'sha1',
  sha256: 'sha256',
  sha512: 'sha512',
};

function parseParameters(field: string): Parameters | { readonly problem: string } {
  const given = new Map<string, string>();
  for (const parameter of field.split(',').map((text) => text.trim())) {
    if (parameter === '') continue;
    const [, key = '', value = ''] = /^(algorithm|digits|period)=(\w+)$/.exec(parameter) ?? [];
    if (key === '') return { problem: 'has a parameter that is not algorithm, digits or period' };
    given.set(key, value.toLowerCase());
  }
  const name = given.get('algorithm') ?? DEFAULT_ALGORITHM;
  const algorithm = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (algorithm === undefined) return { problem: 'has an algorithm that is not known' };
  const digits = Number(given.get('digits') ?? DEFAULT_DIGITS);
  if (![6, 7, 8].includes(digits)) return { problem: 'has digits other than 6, 7 or 8' };
  const periodS = Number(given.get('period') ?? DEFAULT_PERIOD_S);
  return Number.isInteger(periodS) && periodS >= 1 && periodS <= 3600
    ? { algorithm, digits, periodS }
    : { problem: 'has a period that is not 1 to 3600 seconds' };
}

function renderLine({ name, token, recovery }: OtpEntry & { readonly token: TotpToken }): string {
  const parameters = [
    ...(token.algorithm === DEFAULT_ALGORITHM ? [] : [`algorithm=${token.algorithm}`]),
    ...(token.digits === DEFAULT_DIGITS ? [] : [`digits=${token.digits}`]),
    ...(token.periodS === DEFAULT_PERIOD_S ? [] : [`period=${token.periodS}`]),
  ];
  const fields = [
    toLatin1(name),
    encodeBase32(token.secret),
    parameters.join(','),
    recovery.join(','),
  ];
  return fields.join(':').replace(/:+$/, '');
}

function ofLiboath(
  line: NonNullable<ReturnType<typeof parseLiboathLine>>,
): OtpEntry | { readonly problem: string } {
  return 'problem' in line ? line : { ...line, name: fromLatin1(line.name), recovery: [] };
}

/** Also of a line that is skipped: a person who is deleted shall not come back with its repair. */
const isOf = (line: string, name: string): boolean =>
  !isRemark(line) &&
  parseLiboathLine(line) === null &&
  fromLatin1(line.split(':')[0] ?? '') === name;
