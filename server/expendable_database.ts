// A small database that the server can do without: where it cannot be used the log says so, and a
// damaged one is made anew.
import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface ExpendableDatabaseOptions {
  /** state.dir; made if it is missing. */
  readonly directory: string;
  readonly file: string;
  /** CREATE TABLE IF NOT EXISTS … */
  readonly schema: string;
  /** The file cannot be read or written, with the reason. */
  readonly onError: (error: Error) => void;
}

// Primary result codes of SQLite.
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

export class ExpendableDatabase {
  readonly #onError: (error: Error) => void;
  /** Undefined: there is no file to be had, or it is closed. */
  #database: DatabaseSync | undefined;

  constructor(options: ExpendableDatabaseOptions) {
    this.#onError = options.onError;
    this.#database = open(options);
  }

  get isOpen(): boolean {
    return this.#database !== undefined;
  }

  /** Undefined where it fails, which `onError` has been told, or where there is no file. */
  attempt<T>(action: (database: DatabaseSync) => T): T | undefined {
    if (this.#database === undefined) return undefined;
    try {
      return action(this.#database);
    } catch (error) {
      this.#onError(asError(error));
      return undefined;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }
}

function open(options: ExpendableDatabaseOptions): DatabaseSync | undefined {
  const { directory, schema, onError } = options;
  const file = path.join(directory, options.file);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return openFile(file, schema);
  } catch (error) {
    onError(asError(error));
    if (!isDamage(error)) return undefined;
  }
  try {
    for (const part of [file, `${file}-wal`]) rmSync(part, { force: true });
    return openFile(file, schema);
  } catch (error) {
    onError(asError(error));
    return undefined;
  }
}

function openFile(file: string, schema: string): DatabaseSync {
  closeSync(openSync(file, 'a', 0o600));
  // SQLite gives its journal the mode of the database.
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // EXCLUSIVE before WAL: no shared memory file beside it. NORMAL: a power failure may cost the
    // last rows, never the file.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = NORMAL; ${schema}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite keeps the primary result code in the low byte of its extended ones. */
const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  [CORRUPT, NOT_A_DATABASE].includes(error.errcode & 0xff);

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
