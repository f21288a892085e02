// The sessions on disk, so that clients come back with cookie and address after a restart of the
// whole server, and what users have used of their quotas. What is in memory is the truth; this is its
// shadow, 100 ms behind:
//
//   save, delete ─► pending: the last word per session, in order; saveUsage: per user
//                      └─ 100 ms after the first ─► a transaction of at most 1,000 rows
//
// What a crash may cost: the primary killed within 100 ms after a login forgets that login, and its
// client has to log in again. Writing each login before its cookie is given out would cost the
// event loop a transaction a login and, with synchronous = FULL, an fsync. With NORMAL, a power
// failure may cost the last seconds too, and never the consistency of the file. A cookie that an
// administrator kills must not come back: the caller flushes then.
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { WolfguardError } from '../core/error.ts';
import type { SessionRecord } from '../core/session/session.ts';
import type { Usage } from '../core/policy/quota.ts';
import type { EpochMs } from '../core/units.ts';
import {
  INSERT,
  MIGRATIONS,
  SCHEMA,
  SCHEMA_VERSION,
  decodeRow,
  encodeRow,
} from './session_rows.ts';
import type { SessionRow } from './session_rows.ts';
import { UsageTable } from './usage_table.ts';

export interface SessionStoreOptions {
  /** state.dir; made if it is missing. */
  readonly directory: string;
  readonly now: () => EpochMs;
  /** Writing failed, with the reason; sessions live on in memory and it is tried again. */
  readonly onError: (error: Error) => void;
  /** A transaction is in the file. */
  readonly onWritten?: () => void;
}

export interface StoredSessions {
  /** Oldest first. */
  readonly records: readonly SessionRecord[];
  /** When the earlier run was last known to live. */
  readonly aliveAt: EpochMs;
  /** Below it, all session numbers have been used. */
  readonly nextSession: number;
}

const FILE = 'sessions.db';
const FLUSH_MS = 100;
// 1,000 rows take 10 to 15 ms: a dead worker's 50,000 sessions must not stop the primary at a time
// when their clients come back.
const ROWS_PER_FLUSH = 1000;
// A full disk does not empty itself within 100 ms.
const RETRY_MS = 5000;
// How exactly the time before a crash is told from the time after it.
const ALIVE_MS = 30_000;
// Primary result codes of SQLite.
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

export class SessionStore {
  readonly #options: SessionStoreOptions;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #setMeta: StatementSync;
  readonly #usage: UsageTable;
  /** null = delete. */
  readonly #pending = new Map<number, SessionRecord | null>();
  readonly #pendingUsage = new Map<string, Usage | null>();
  readonly #alive: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #nextSession = 1;

  /** Throws WolfguardError when the folder or the file cannot be used. */
  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.#database = openDatabase(options.directory);
    this.#insert = this.#database.prepare(INSERT);
    this.#delete = this.#database.prepare('DELETE FROM session WHERE session = ?');
    this.#setMeta = this.#database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
    this.#usage = new UsageTable(this.#database);
    this.#alive = setInterval(() => this.#write(0), ALIVE_MS).unref();
  }

  /** What the earlier run left; throws WolfguardError when it cannot be read. */
  load(): StoredSessions {
    try {
      const meta = new Map(
        this.#database
          .prepare('SELECT key, value FROM meta')
          .all()
          .map(({ key, value }) => [key, Number(value)]),
      );
      const rows = this.#database.prepare('SELECT * FROM session ORDER BY session').all();
      const records = rows.map((row) => decodeRow(row as unknown as SessionRow));
      const above = (records.at(-1)?.session ?? 0) + 1;
      this.#nextSession = Math.max(meta.get('next_session') ?? 1, above);
      const aliveAt = meta.get('alive_at') ?? this.#options.now();
      return { records, aliveAt, nextSession: this.#nextSession };
    } catch (error) {
      throw unusable(path.join(this.#options.directory, FILE), error);
    }
  }

  /**
   * Writes the session soon; a later word on the same session takes the place of this one. Nothing
   * happens any more after close(): a worker's last words may come too late.
   */
  save(record: SessionRecord): void {
    this.#nextSession = Math.max(this.#nextSession, record.session + 1);
    this.#put(record.session, record);
  }

  delete(session: number): void {
    this.#put(session, null);
  }

  /** What users had used when the earlier run last wrote; throws WolfguardError. */
  loadUsage(): ReadonlyMap<string, Usage> {
    try {
      return this.#usage.load(this.#options.now());
    } catch (error) {
      throw unusable(path.join(this.#options.directory, FILE), error);
    }
  }

  /** As `save`; null: the user has used nothing. */
  saveUsage(user: string, usage: Usage | null): void {
    if (!this.#database.isOpen) return;
    this.#pendingUsage.set(user, usage);
    this.#arm(FLUSH_MS);
  }

  /** Writes all that is pending now; false when that failed, which `onError` has been told. */
  flush(): boolean {
    return this.#write(Infinity);
  }

  /** Writes what is pending and closes the file; idempotent. */
  close(): void {
    if (!this.#database.isOpen) return;
    this.flush();
    clearInterval(this.#alive);
    clearTimeout(this.#timer);
    this.#database.close();
  }

  #put(session: number, record: SessionRecord | null): void {
    if (!this.#database.isOpen) return;
    // To the end of the map: an address that moved from one session to another must be written in
    // the order in which it moved.
    this.#pending.delete(session);
    this.#pending.set(session, record);
    this.#arm(FLUSH_MS);
  }

  #arm(delayMs: number): void {
    this.#timer ??= setTimeout(() => this.#write(ROWS_PER_FLUSH), delayMs).unref();
  }

  #write(rows: number): boolean {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = firstOf(this.#pending, rows);
    const usage = firstOf(this.#pendingUsage, rows);
    try {
      this.#transaction(batch, usage);
    } catch (error) {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)));
      this.#arm(RETRY_MS);
      return false;
    }
    this.#options.onWritten?.();
    for (const [session] of batch) this.#pending.delete(session);
    for (const [user] of usage) this.#pendingUsage.delete(user);
    if (this.#pending.size + this.#pendingUsage.size > 0) this.#arm(FLUSH_MS);
    return true;
  }

  #transaction(
    batch: readonly (readonly [number, SessionRecord | null])[],
    usage: readonly (readonly [string, Usage | null])[],
  ): void {
    this.#database.exec('BEGIN');
    try {
      for (const [session, record] of batch) {
        if (record === null) this.#delete.run(session);
        else this.#insert.run(encodeRow(record));
      }
      for (const [user, used] of usage) this.#usage.put(user, used);
      this.#setMeta.run('alive_at', this.#options.now());
      this.#setMeta.run('next_session', this.#nextSession);
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function firstOf<Key, Value>(map: ReadonlyMap<Key, Value>, count: number): [Key, Value][] {
  const entries: [Key, Value][] = [];
  for (const entry of map) {
    if (entries.length >= count) break;
    entries.push(entry);
  }
  return entries;
}

function openDatabase(directory: string): DatabaseSync {
  const file = path.join(directory, FILE);
  makePrivateFile(directory, file);
  let database: DatabaseSync | undefined;
  try {
    // A lock that is held is another server: no use in waiting for it.
    database = new DatabaseSync(file, { timeout: 0 });
    // EXCLUSIVE before WAL: one server per file, and no shared memory file beside it.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE');
    prepareSchema(database, file);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database?.close();
    throw explain(file, error);
  }
}

function makePrivateFile(directory: string, file: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
    // SQLite gives its journal the mode of the database.
    chmodSync(file, 0o600);
  } catch (error) {
    throw new WolfguardError(
      'state-unwritable',
      `The session database ${file} cannot be written (${reasonOf(error)}). ` +
        'Make state.dir a folder that the server may write to.',
    );
  }
}

function prepareSchema(database: DatabaseSync, file: string): void {
  const damage = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (damage !== 'ok') throw unusable(file, String(damage));
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > SCHEMA_VERSION) {
    throw new WolfguardError(
      'state-newer',
      `The session database ${file} was written by a newer wolfguard (version ${version}, this one ` +
        `knows ${SCHEMA_VERSION}). Start that one, or move the file away: all clients then log in again.`,
    );
  }
  if (version === 0) database.exec(SCHEMA);
  else for (const change of MIGRATIONS.slice(version - 1)) database.exec(change);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function explain(file: string, error: unknown): Error {
  if (error instanceof WolfguardError) return error;
  const code = primaryCode(error);
  if (code === BUSY) {
    return new WolfguardError(
      'state-in-use',
      `The session database ${file} is in use by another server. Stop that one, or give this one ` +
        'another state.dir.',
    );
  }
  if (code === CORRUPT || code === NOT_A_DATABASE) return unusable(file, error);
  return new WolfguardError(
    'state-unwritable',
    `The session database ${file} cannot be opened (${reasonOf(error)}). ` +
      'Check the folder state.dir and the space on its disk.',
  );
}

const unusable = (file: string, reason: unknown): WolfguardError =>
  new WolfguardError(
    'state-corrupt',
    `The session database ${file} is damaged (${reasonOf(reason)}). Move it away and start again: ` +
      'nothing is lost but that all clients have to log in again.',
  );

/** SQLite keeps the primary result code in the low byte of its extended ones. */
const primaryCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
