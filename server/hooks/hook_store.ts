// Which sessions are owed a disconnect, on disk: it comes once for each connect that succeeded, also
// when the server was killed in between. A row is written when connect has succeeded, and goes when
// disconnect has been run; a server that is killed in the middle of that runs it once more.
//
// Where the file cannot be used, the log says so and the server owes what it remembers.
import type { SessionInfo, SessionStatistics } from '../../core/plugin/plugin.ts';
import type { EpochMs } from '../../core/units.ts';
import { ExpendableDatabase } from '../expendable_database.ts';

export interface HookStoreOptions {
  /** state.dir; made if it is missing. */
  readonly directory: string;
  /** The file cannot be read or written, with the reason. */
  readonly onError: (error: Error) => void;
}

/** A session whose connect has succeeded. */
export interface OpenRecord {
  /** As it was at its connect, or at its end. */
  readonly info: SessionInfo;
  readonly connectedAt: EpochMs;
  /** What the session had moved before: statistics begin there. */
  readonly rxBytes: number;
  readonly txBytes: number;
  /** null = it is not over. */
  readonly end: SessionEnding | null;
}

export interface SessionEnding {
  readonly end: string;
  readonly statistics: SessionStatistics;
}

const FILE = 'hooks.db';
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS open (
    id     INTEGER PRIMARY KEY,
    record TEXT NOT NULL         -- JSON of an OpenRecord
  ) STRICT`;

export class HookStore {
  readonly #database: ExpendableDatabase;
  #nextId = 1;

  constructor(options: HookStoreOptions) {
    this.#database = new ExpendableDatabase({ ...options, file: FILE, schema: SCHEMA });
  }

  /** What the earlier run left, oldest first. */
  load(): { readonly id: number; readonly record: OpenRecord }[] {
    const rows =
      this.#database.attempt((database) =>
        database.prepare('SELECT id, record FROM open ORDER BY id').all(),
      ) ?? [];
    const records = rows.map(({ id, record }) => ({
      id: Number(id),
      record: JSON.parse(String(record)) as OpenRecord,
    }));
    this.#nextId = (records.at(-1)?.id ?? 0) + 1;
    return records;
  }

  /** Returns the number of the new row. */
  add(record: OpenRecord): number {
    const id = this.#nextId++;
    this.save(id, record);
    return id;
  }

  save(id: number, record: OpenRecord): void {
    this.#database.attempt((database) =>
      database.prepare('INSERT OR REPLACE INTO open VALUES (?, ?)').run(id, JSON.stringify(record)),
    );
  }

  delete(id: number): void {
    this.#database.attempt((database) => database.prepare('DELETE FROM open WHERE id = ?').run(id));
  }

  /** Idempotent. */
  close(): void {
    this.#database.close();
  }
}
