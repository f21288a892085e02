// What an authority has done: a line of JSON for each thing, only ever added to, so that nothing
// that was issued can be forgotten.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { WolfguardError } from '../core/error.ts';
import type { EpochMs } from '../core/units.ts';
import { reasonOf } from './files.ts';
import type { Revocation } from './revocation_list.ts';

export interface Issued {
  /** In hex. */
  readonly serial: string;
  readonly kind: 'authority' | 'server' | 'client';
  /** The server's first name, or the user. */
  readonly name: string;
  readonly notAfter: EpochMs;
}

export type IndexEntry =
  | (Issued & { readonly event: 'issued'; readonly at: EpochMs })
  | (Revocation & { readonly event: 'revoked' })
  | { readonly event: 'list'; readonly number: number; readonly at: EpochMs };

/** All entries added up. */
export interface PkiIndex {
  /** By serial number, in the order of their making. */
  readonly issued: ReadonlyMap<string, Issued>;
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** Of the newest revocation list; 0 = there is none yet. */
  readonly listNumber: number;
}

/** Reads the index; a file that is not there is an empty one. Throws WolfguardError. */
export function readIndex(file: string): PkiIndex {
  const lines = readLines(file);
  const issued = new Map<string, Issued>();
  const revoked = new Map<string, Revocation>();
  let listNumber = 0;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const entry = parse(line, file, index + 1);
    if (entry.event === 'issued') issued.set(entry.serial, entry);
    else if (entry.event === 'revoked') revoked.set(entry.serial, entry);
    else listNumber = Math.max(listNumber, entry.number);
  }
  return { issued, revoked, listNumber };
}

/** Adds a line, and returns when it is on the disk. Throws WolfguardError. */
export function addToIndex(file: string, entry: IndexEntry): void {
  try {
    const fd = openSync(file, 'a', 0o600);
    try {
      writeSync(fd, `${JSON.stringify(entry)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new WolfguardError('FILE_WRITE', `cannot write ${file}: ${reasonOf(error)}`);
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new WolfguardError('FILE_READ', `cannot read ${file}: ${reasonOf(error)}`);
  }
}

function parse(line: string, file: string, number: number): IndexEntry {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    entry = undefined;
  }
  if (isEntry(entry)) return entry;
  throw new WolfguardError(
    'PKI_INDEX',
    `${file}:${number}: the line is damaged: what was revoked may be lost; mend it or bring the file back from a backup`,
  );
}

function isEntry(value: unknown): value is IndexEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<string, unknown>>;
  switch (entry['event']) {
    case 'issued':
      return isText(entry['serial']) && isText(entry['name']) && isNumber(entry['notAfter']);
    case 'revoked':
      return isText(entry['serial']) && isNumber(entry['at']) && isText(entry['reason']);
    case 'list':
      return isNumber(entry['number']);
    default:
      return false;
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
