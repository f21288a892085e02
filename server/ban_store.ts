// The bans on disk, so that a restart of the server pardons nobody. The list in memory is the truth
// and this its shadow, a second behind. Bans last minutes: where the file cannot be used the log says
// so, and the server runs without it; a damaged one is made anew.
import type { DatabaseSync } from 'node:sqlite';
import type { BanRecord } from '../core/ban/ban_list.ts';
import { ExpendableDatabase } from './expendable_database.ts';

export interface BanStoreOptions {
  /** state.dir; made if it is missing. */
  readonly directory: string;
  /** The file cannot be read or written, with the reason. */
  readonly onError: (error: Error) => void;
}

const FILE = 'bans.db';
/** A flood of bans is written in batches; more often would only wear the disk. */
const FLUSH_MS = 1000;
/** Some 15 ms of the primary's time. */
const ROWS_PER_FLUSH = 1000;
/** A full disk does not empty itself within a second. */
const RETRY_MS = 30_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ban (
    source TEXT    PRIMARY KEY,
    score  INTEGER NOT NULL,
    since  INTEGER NOT NULL     -- ms since 1970
  ) STRICT, WITHOUT ROWID`;

export class BanStore {
  readonly #database: ExpendableDatabase;
  /** The last word on each source; null = no longer banned. */
  readonly #pending = new Map<string, BanRecord | null>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BanStoreOptions) {
    this.#database = new ExpendableDatabase({ ...options, file: FILE, schema: SCHEMA });
  }

  /** What the earlier run left, the oldest ban first. */
  load(): BanRecord[] {
    const rows = this.#database.attempt((database) =>
      database.prepare('SELECT source, score, since FROM ban ORDER BY since').all(),
    );
    return (rows ?? []).map(({ source, score, since }) => ({
      source: String(source),
      score: Number(score),
      since: Number(since),
    }));
  }

  /** Writes the ban soon. */
  save(record: BanRecord): void {
    this.#put(record.source, record);
  }

  delete(source: string): void {
    this.#put(source, null);
  }

  /** Writes what is pending and closes the file; idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#pending.size > 0)
      this.#database.attempt((database) => this.#write(database, Infinity));
    this.#database.close();
  }

  #put(source: string, record: BanRecord | null): void {
    if (!this.#database.isOpen) return;
    this.#pending.set(source, record);
    this.#arm(FLUSH_MS);
  }

  #arm(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const written = this.#database.attempt((database) => this.#write(database, ROWS_PER_FLUSH));
      if (this.#pending.size > 0) this.#arm(written === undefined ? RETRY_MS : FLUSH_MS);
    }, delayMs).unref();
  }

  #write(database: DatabaseSync, most: number): true {
    const batch = [...this.#pending].slice(0, most);
    const insert = database.prepare('INSERT OR REPLACE INTO ban VALUES (?, ?, ?)');
    const remove = database.prepare('DELETE FROM ban WHERE source = ?');
    database.exec('BEGIN');
    try {
      for (const [source, record] of batch) {
        if (record === null) remove.run(source);
        else insert.run(source, record.score, record.since);
      }
      database.exec('COMMIT');
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    for (const [source] of batch) this.#pending.delete(source);
    return true;
  }
}
