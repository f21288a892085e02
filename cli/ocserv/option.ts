// What is known about one option of ocserv: where it goes, or why it goes nowhere.
import type { DraftTable, TomlValue } from './draft.ts';

/** Where an option stands: in the file itself, under a virtual host, in somebody's own file. */
export interface Scope {
  readonly kind: 'main' | 'vhost' | 'user' | 'group';
  /** '' for the main server. */
  readonly name: string;
  /** The root, or the section of that virtual host, user or group. */
  readonly table: DraftTable;
  readonly file: string;
}

export type Fate =
  /** It has the same effect under another name. */
  | 'carried'
  /** It works, but not quite as it did. */
  | 'changed'
  /** Nothing is lost: what it was for is done by itself here, or has no meaning. */
  | 'needless'
  /** Its effect is gone until somebody does something about it. */
  | 'lost';

export interface Note {
  readonly file: string;
  /** 0 = of the whole file. */
  readonly line: number;
  readonly option: string;
  readonly fate: Fate;
  /** '' for what was simply carried over. */
  readonly text: string;
}

/** All lines of one name in one scope. */
export interface Taken {
  readonly name: string;
  readonly scope: Scope;
  /** The policy that it belongs to. */
  readonly policy: DraftTable;
  /** In the order of the file. */
  readonly values: readonly string[];
  /** Of an option that may stand once the last one counts. */
  readonly value: string;
  /** The last value of another option in the same scope, or of the main server; '' = not set. */
  readonly other: (name: string) => string;
  readonly note: (fate: Fate, text: string) => void;
  /** A path as ocserv would have found it, made absolute. */
  readonly path: (written: string) => string;
}

/** Writes what it can and notes what it cannot; without a note the option was carried over. */
export type Rule = (taken: Taken) => void;

export type Rules = Readonly<Record<string, Rule>>;

/** Where an option may stand. */
export interface OptionSpec {
  readonly scopes: readonly Scope['kind'][];
  readonly rule: Rule;
}

export const needless =
  (why: string): Rule =>
  ({ note }) =>
    note('needless', why);

export const lost =
  (why: string): Rule =>
  ({ note }) =>
    note('lost', why);

/** A whole number, as C reads it from the beginning of the text; undefined where there is none. */
export function numberOf(text: string): number | undefined {
  const digits = /^\s*(-?\d{1,12})/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Seconds as a duration of ours; 0 and less mean "never". */
export const durationOf = (seconds: number): TomlValue => (seconds <= 0 ? 0 : `${seconds}s`);

/** Runs `use` with the number, or notes that there is none. */
export function withNumber({ value, note }: Taken, use: (number: number) => void): void {
  const number = numberOf(value);
  if (number === undefined) note('lost', `"${value}" is not a number`);
  else use(number);
}
