// The lines that were typed, kept in a file between shells: the last ones, for the owner only.
import { mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** About as many as anybody scrolls back; longer lines than any command are not kept. */
export const HISTORY_LINES = 1_000;
const LINE_CHARACTERS = 4_096;
/** Somebody else's file of that name must not fill the memory. */
const FILE_CHARACTERS = HISTORY_LINES * LINE_CHARACTERS;

/** Where it is: "$XDG_STATE_HOME/wolfctl_history", or below ~/.local/state. */
export function historyFile(
  environment: Readonly<Record<string, string | undefined>>,
  home = os.homedir(),
): string {
  const state = environment['XDG_STATE_HOME'];
  const folder =
    state !== undefined && path.isAbsolute(state) ? state : path.join(home, '.local/state');
  return path.join(folder, 'wolfctl_history');
}

/** The newest line first; empty where there is no file, or none that can be read. */
export function readHistory(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8').slice(-FILE_CHARACTERS).split('\n');
    return lines.filter(isKept).slice(-HISTORY_LINES).reverse();
  } catch {
    return [];
  }
}

/**
 * Adds lines, the oldest first, to those of other shells that ended in the meantime. A file that
 * cannot be written is none: the history then ends with the shell.
 */
export function appendHistory(file: string, typed: readonly string[]): void {
  const added = typed.filter(isKept);
  if (added.length === 0) return;
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const lines = [...readHistory(file).reverse(), ...added].slice(-HISTORY_LINES);
    writeFileSync(temporary, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch {
    discard(temporary);
  }
}

function discard(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // It was never made.
  }
}

const isKept = (line: string): boolean =>
  line.trim() !== '' && line.length <= LINE_CHARACTERS && !/\p{Cc}/u.test(line);
