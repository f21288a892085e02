// Files and programs of the machine, for the probes.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import process from 'node:process';
import type { Milliseconds } from '../../../core/units.ts';

export interface ProgramResult {
  /** null = there is no such program. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Listing a large ruleset takes a second; what hangs is not waited for. */
const PROGRAM_TIMEOUT_MS: Milliseconds = 10_000;
/** A ruleset of a hundred thousand rules. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Runs to the end; /usr/sbin and /sbin count even where the PATH of a sudo lacks them. */
export function runProgram(program: string, args: readonly string[], input = ''): ProgramResult {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    timeout: PROGRAM_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C', HOME: '/dev/null' },
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    return { code: null, stdout: '', stderr: '' };
  }
  return { code: status ?? -1, stdout, stderr };
}

/** '' when it is not there, or not for us. */
export function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export const isRoot = (): boolean => process.getuid?.() === 0;
