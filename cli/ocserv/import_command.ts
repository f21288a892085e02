// `wolfguard import`: from ocserv.conf to wolfguard.toml, with a report about every line that did
// not simply carry over.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { WolfguardError } from '../../core/error.ts';
import { importFiles } from './import_files.ts';
import type { Imported } from './import_files.ts';
import type { Fate, Note } from './option.ts';
import { besideOrHere } from './paths.ts';
import type { FindPath } from './translate.ts';

export interface ImportCommandOptions {
  readonly source: string;
  /** "-" = stdout. */
  readonly output: string;
  /** Write over what is there. */
  readonly force: boolean;
}

export interface ImportStreams {
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

/**
 * Exit code 0: written, and nothing was lost · 1: written, and the report names what was lost.
 * Throws WolfguardError IMPORT when nothing could be written.
 */
export function importCommand(
  { source, output, force }: ImportCommandOptions,
  { write, complain }: ImportStreams,
): 0 | 1 {
  const toStdout = output === '-';
  const folder = toStdout ? process.cwd() : path.dirname(path.resolve(output));
  const pathsOf = (): FindPath => besideOrHere(source, process.cwd());
  const imported = importFiles({ source, folder, pathsOf });
  // What goes to stdout leaves nothing on the disk, and a secret is nothing for a terminal.
  const files = toStdout
    ? []
    : [{ path: path.resolve(output), text: imported.text }, ...imported.secrets];
  if (!force) requireAbsent(files.map((file) => file.path));
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    writeFileSync(file.path, file.text, { mode: 0o600 });
    // A file that was there keeps the mode that it had.
    chmodSync(file.path, 0o600);
  }
  if (toStdout) {
    write(imported.text);
    for (const secret of imported.secrets) {
      complain(`${secret.path} is not written: it holds a secret; -o FILE writes both\n`);
    }
  }
  complain(
    renderReport(
      imported,
      files.map((file) => file.path),
    ),
  );
  const complete = isWhole(imported) && (!toStdout || imported.secrets.length === 0);
  return complete ? 0 : 1;
}

function requireAbsent(paths: readonly string[]): void {
  const there = paths.find((file) => existsSync(file));
  if (there === undefined) return;
  throw new WolfguardError(
    'IMPORT',
    `${there} is there already: --force writes over it, -o names another place`,
  );
}

const isWhole = ({ notes, problems }: Imported): boolean =>
  problems === '' && notes.every(({ fate }) => fate !== 'lost');

const HEADINGS: readonly (readonly [Fate, string])[] = [
  ['lost', 'Did not carry over'],
  ['changed', 'Works otherwise than before'],
  ['needless', 'Not needed here'],
];

/** What people read: how many lines simply carried over, and each of the others with its reason. */
export function renderReport(
  { notes, problems }: Pick<Imported, 'notes' | 'problems'>,
  written: readonly string[],
): string {
  const carried = notes.filter(({ fate }) => fate === 'carried').length;
  const parts = HEADINGS.flatMap(([fate, heading]) => {
    const those = notes.filter((note) => note.fate === fate);
    return those.length === 0 ? [] : [`${heading}:\n${those.map(renderNote).join('')}`];
  });
  return [
    ...parts,
    ...(problems === ''
      ? []
      : [`What "wolfguard check" says about the result; mend it before you start:\n${problems}\n`]),
    `${carried} options carried over.\n${written.map((file) => `${file} is written.\n`).join('')}`,
  ].join('\n');
}

function renderNote({ file, line, option, text }: Note): string {
  const place = line === 0 ? file : `${file}:${line}`;
  return `  ${place}: ${option === '' ? '' : `${option}: `}${text}\n`;
}
