// `wolfguard check`: every mistake in a configuration file, in the text and on the disk.
import { readFileSync } from 'node:fs';
import type { EpochMs } from '../core/units.ts';
import { findDiskMistakes } from './disk.ts';
import type { AccountFiles } from './disk.ts';
import { readFailure } from './disk_files.ts';
import { findRouteWarnings } from './disk_routes.ts';
import { examine, loadConfig } from './loader.ts';
import { inOrder, renderCount, renderProblems } from './problems.ts';
import type { Problem } from './problems.ts';
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
  const { config, problems, locate } = examine(text);
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
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly output: string };

/** How a server reads its file, at the start and at each reload. */
export type ReadConfig = (path: string) => ConfigReading;

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
