// Which codes have been used, on disk: a code works once, also across a restart of the auth process,
// and when two auth processes overlap. One row per token, with the counter of the code last used.
//
// A commit is on the disk before the login goes on (synchronous = FULL): it takes a millisecond or
// so, of logins that were right only. An event-based code that came back after a power failure
// would work for ever.
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WolfguardError } from '../../core/error.ts';

const FILE = 'otp.db';
// Another auth process, about to end, may be writing. It holds the lock for a commit.
const BUSY_MS = 1000;
const OWNER_ONLY = 0o600;

export class UsedCodes {
  readonly #directory: string;
  #database: DatabaseSync | null = null;

  /** `directory` is state.dir; made if it is missing. */
  constructor(options: { readonly directory: string }) {
    this.#directory = options.directory;
  }

  /** The counter of the last code that was used; null = none. Throws WolfguardError OTP_STATE. */
  lastUsed(token: string): number | null {
    return this.#with((database) => {
      const row = database.prepare('SELECT counter FROM used WHERE token = ?').get(token);
      return row === undefined ? null : Number(row['counter']);
    });
  }

  /**
   * Uses the code of a counter; false when it, or a later one, has been used by now. Throws
   * WolfguardError OTP_STATE.
   */
  use(token: string, counter: number): boolean {
    return this.#with((database) => database.prepare(USE).run(token, counter).changes === 1);
  }

  /** Idempotent; what is used afterwards opens it again. */
  close(): void {
    this.#database?.close();
    this.#database = null;
  }

  #with<T>(work: (database: DatabaseSync) => T): T {
    try {
      this.#database ??= openDatabase(this.#directory);
      return work(this.#database);
    } catch (error) {
      // The next login tries from the beginning: the disk may have room again.
      this.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new WolfguardError(
        'OTP_STATE',
        `${path.join(this.#directory, FILE)}, where used one-time passwords are kept, cannot be used: ${reason}`,
      );
    }
  }
}

const USE = `
  INSERT INTO used (token, counter) VALUES (?, ?)
  ON CONFLICT (token) DO UPDATE SET counter = excluded.counter WHERE excluded.counter > counter`;

function openDatabase(directory: string): DatabaseSync {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, FILE);
  closeSync(openSync(file, 'a', OWNER_ONLY));
  chmodSync(file, OWNER_ONLY);
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(
      'CREATE TABLE IF NOT EXISTS used (token TEXT PRIMARY KEY, counter INTEGER NOT NULL) WITHOUT ROWID, STRICT',
    );
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
