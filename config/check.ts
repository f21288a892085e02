// `wolfguard check`: every mistake in a configuration file, in the text and on the disk.
import { readFileSync } from 'node:fs';
import type { EpochMs } from '../core/units.ts';
import { findDiskMistakes } from './disk.ts';
import type { AccountFiles } from './disk.ts';
import { readFailure } from './disk_files.ts';
import { findRouteWarnings } from './disk_routes.ts';
import { examine, loadConfig } from './loader.ts';
import type { WrittenConfig } from './loader.ts';
import { inOrder, renderCount, renderProblems } from './problems.ts';
import type { Finding, Problem } from './problems.ts';
import type { Config } from './schema.ts';

/** What to print (without a final newline) and how to exit. */
export interface CheckResult {
  readonly exitCode: 0 | 1;
  readonly output: string;
}

const SYSTEM_ACCOUNTS: AccountFiles = {
  passwd: '/etc/passwd',
  group: '/etc/group',
  pam: [
    '/etc/pam.d',
    '/usr/lib/pam.d',
    '/usr/etc/pam.d',
    '/usr/share/pam.d',
    '/usr/local/etc/pam.d',
  ],
};

/** Looks at the text and at everything that it names on this machine. */
export function checkFile(
  path: string,
  accounts: AccountFiles = SYSTEM_ACCOUNTS,
  now: EpochMs = Date.now(),
): CheckResult {
  const file = examineFile(path, accounts, now);
  if (!file.ok) return { exitCode: 1, output: file.output };
  const { problems, text, config } = file;
  if (problems.length === 0) {
    const warnings = config === undefined ? [] : findRouteWarnings(config);
    return { exitCode: 0, output: [`${path}: ok`, ...warnings.map(asWarning)].join('\n') };
  }
  return {
    exitCode: 1,
    output: `${renderProblems(problems, text, path)}\n${renderCount(problems)}`,
  };
}

const asWarning = (warning: string): string => `warning: ${warning}`;

export interface ExaminedFile {
  readonly ok: true;
  readonly text: string;
  /** Holds defaults where values are wrong; undefined when the syntax is too broken to tell. */
  readonly config: Config | undefined;
  /** In the text and on the disk, in the order of the file. */
  readonly problems: readonly Problem[];
}

/** The same for programs; `output` says why the file cannot be read. */
export function examineFile(
  path: string,
  accounts: AccountFiles = SYSTEM_ACCOUNTS,
  now: EpochMs = Date.now(),
): ExaminedFile | { readonly ok: false; readonly output: string } {
  const file = readFile(path);
  return file.ok ? examineText(file.text, accounts, now) : file;
}

/** The same for a text that stands in no file. */
export function examineText(
  text: string,
  accounts: AccountFiles = SYSTEM_ACCOUNTS,
  now: EpochMs = Date.now(),
): ExaminedFile {
  const { written, problems, locate } = examine(text);
  const config = written?.config;
  // A value that is wrong was replaced by its default: nothing on the disk speaks about it.
  const doubtful = new Set(problems.map(({ key }) => key));
  const onDisk = (config === undefined ? [] : findDiskMistakes(config, accounts, now)).filter(
    ({ key }) => !doubtful.has(key),
  );
  const all = inOrder([...problems, ...locate(onDisk)]);
  return { ok: true, text, config, problems: all };
}

/** A configuration for the server, or sentences to print. */
export type ConfigReading =
  | { readonly ok: true; readonly config: Config; readonly root?: WrittenConfig['root'] }
  | { readonly ok: false; readonly output: string };

/** How a server reads its file, at the start and at each reload. */
export type ReadConfig = (path: string) => ConfigReading;

/** What a running server finds in its file. */
export type FileForReload =
  | {
      readonly ok: true;
      readonly written: WrittenConfig;
      /** What `current` does not suffer from already: the key, and a text with line and caret. */
      readonly mistakes: readonly { readonly key: string; readonly text: string }[];
      /** The rest, a line each. */
      readonly warnings: readonly string[];
    }
  /** The text itself is wrong: all that is known. */
  | { readonly ok: false; readonly output: string };

/**
 * Reads a file for a reload. A file that is missing now and was named before stops nobody: it would
 * keep every other change away.
 */
export function examineForReload(
  path: string,
  current: Config,
  now: EpochMs,
  accounts: AccountFiles = SYSTEM_ACCOUNTS,
): FileForReload {
  const file = readFile(path);
  if (!file.ok) return file;
  const { text } = file;
  const { written, problems, locate } = examine(text);
  const doubtful = new Set(problems.map(({ key }) => key));
  const found = (config: Config): Finding[] => findDiskMistakes(config, accounts, now);
  const onDisk = (written === undefined ? [] : found(written.config)).filter(
    ({ key }) => !doubtful.has(key),
  );
  if (written === undefined || problems.length > 0) {
    const all = inOrder([...problems, ...locate(onDisk)]);
    return { ok: false, output: renderProblems(all, text, path) };
  }
  const known = new Set(onDisk.length === 0 ? [] : found(current).map(textOf));
  const placed = (isKnown: boolean): Problem[] =>
    inOrder(locate(onDisk.filter((finding) => known.has(textOf(finding)) === isKnown)));
  const render = (problem: Problem): string => renderProblems([problem], text, path);
  return {
    ok: true,
    written,
    mistakes: placed(false).map((problem) => ({ key: problem.key, text: render(problem) })),
    warnings: placed(true).map((problem) => render(problem).split('\n', 1)[0] ?? ''),
  };
}

const textOf = ({ key, message }: Finding): string => `${key}\n${message}`;

/** Reads a file for the server. The disk is not looked at. */
export function readConfig(path: string): ConfigReading {
  const file = readFile(path);
  return file.ok ? loadConfig(file.text, path) : file;
}

type FileText =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly output: string };

function readFile(path: string): FileText {
  try {
    return { ok: true, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { ok: false, output: `${path}: cannot be read: ${readFailure(code, message)}` };
  }
}
