// Accounting records on their way to a server, on disk until it has taken them: they outlive an
// outage of that server, this process and the machine's restart.
//
// Every record is written before it is sent, those of one turn in one transaction. In WAL mode with
// synchronous = NORMAL that costs no fsync, and a process that dies loses nothing; sync() is for
// the time of an outage, when a power failure would cost more than the last seconds.
import { chmodSync, closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AccountingRecord } from '../../core/ipc/auth.ts';

export interface SpooledRecord {
  readonly id: number;
  readonly record: AccountingRecord;
}

const FILE = 'accounting.db';
const BUSY_MS = 5000;
/** Of what is dropped when it is full, so that not every new record has to make room. */
const DROP_PART = 0.01;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS record (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    lane  TEXT    NOT NULL,   -- for whom it is
    event TEXT    NOT NULL,
    body  TEXT    NOT NULL    -- JSON object
  ) STRICT;
  CREATE INDEX IF NOT EXISTS record_lane ON record (lane, id);
`;

export class AccountingSpool {
  readonly #database: DatabaseSync;
  readonly #limit: number;
  #size: number;

  /**
   * `directory` is there already; null = in memory only. `limit`: records. Throws when the file
   * cannot be used.
   */
  constructor({ directory, limit }: { readonly directory: string | null; readonly limit: number }) {
    this.#limit = limit;
    this.#database = openDatabase(directory);
    this.#database.exec(SCHEMA);
    this.#size = Number(
      this.#database.prepare('SELECT count(*) AS size FROM record').get()?.['size'],
    );
  }

  /** Returns how many records had to go for these: the oldest interims, then the oldest of all. */
  add(records: readonly { readonly lane: string; readonly record: AccountingRecord }[]): number {
    const insert = this.#database.prepare(
      'INSERT INTO record (lane, event, body) VALUES (?, ?, ?)',
    );
    const dropped = this.#transaction(() => {
      for (const { lane, record } of records) {
        insert.run(lane, record.event, JSON.stringify(record));
      }
      return this.#makeRoom(this.#size + records.length);
    });
    this.#size += records.length - dropped;
    return dropped;
  }

  /** The oldest of a lane. */
  next(lane: string, count: number): SpooledRecord[] {
    return this.#database
      .prepare('SELECT id, body FROM record WHERE lane = ? ORDER BY id LIMIT ?')
      .all(lane, count)
      .map(({ id, body }) => ({
        id: Number(id),
        record: JSON.parse(String(body)) as AccountingRecord,
      }));
  }

  remove(ids: readonly number[]): void {
    const remove = this.#database.prepare('DELETE FROM record WHERE id = ?');
    this.#size -= this.#transaction(() =>
      ids.reduce((removed, id) => removed + Number(remove.run(id).changes), 0),
    );
  }

  /** Those with a record. */
  lanes(): string[] {
    const rows = this.#database.prepare('SELECT DISTINCT lane FROM record').all();
    return rows.map(({ lane }) => String(lane));
  }

  get size(): number {
    return this.#size;
  }

  /** Onto the disk itself. */
  sync(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #makeRoom(size: number): number {
    const excess = size - this.#limit;
    if (excess <= 0) return 0;
    const count = excess + Math.floor(this.#limit * DROP_PART);
    const drop = (where: string, most: number): number =>
      Number(
        this.#database
          .prepare(
            `DELETE FROM record WHERE id IN (SELECT id FROM record ${where} ORDER BY id LIMIT ?)`,
          )
          .run(most).changes,
      );
    const interims = drop("WHERE event = 'interim'", count);
    return interims + drop('', Math.max(0, excess - interims));
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function openDatabase(directory: string | null): DatabaseSync {
  if (directory === null) return new DatabaseSync(':memory:');
  const file = path.join(directory, FILE);
  closeSync(openSync(file, 'a', 0o600));
  // SQLite gives its journal the mode of the database.
  chmodSync(file, 0o600);
  // A predecessor may be on its way out.
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  return database;
}
