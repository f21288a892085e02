// How what users have used of their quotas lies in its table.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { periodStart } from '../core/policy/quota.ts';
import type { Usage } from '../core/policy/quota.ts';
import type { EpochMs } from '../core/units.ts';

interface UsageRow {
  readonly user: string;
  readonly day_since: number;
  readonly day_bytes: number;
  readonly week_since: number;
  readonly week_bytes: number;
  readonly month_since: number;
  readonly month_bytes: number;
}

/** The table quota_usage; every method may throw SQLite's errors. */
export class UsageTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO quota_usage VALUES ($user, $day_since, $day_bytes, ' +
        '$week_since, $week_bytes, $month_since, $month_bytes)',
    );
    this.#delete = database.prepare('DELETE FROM quota_usage WHERE user = ?');
  }

  /** By user; rows of which every period is over are deleted. */
  load(now: EpochMs): Map<string, Usage> {
    // A week may have begun before its month.
    this.#database
      .prepare('DELETE FROM quota_usage WHERE month_since < ? AND week_since < ?')
      .run(periodStart('month', now), periodStart('week', now));
    const rows = this.#database.prepare('SELECT * FROM quota_usage').all();
    return new Map(rows.map((row) => decode(row as unknown as UsageRow)));
  }

  /** null: the user has used nothing. */
  put(user: string, usage: Usage | null): void {
    if (usage === null) this.#delete.run(user);
    else this.#insert.run({ ...encode(user, usage) });
  }
}

const encode = (user: string, { day, week, month }: Usage): UsageRow => ({
  user,
  day_since: day.since,
  day_bytes: day.bytes,
  week_since: week.since,
  week_bytes: week.bytes,
  month_since: month.since,
  month_bytes: month.bytes,
});

const decode = (row: UsageRow): [string, Usage] => [
  row.user,
  {
    day: { since: row.day_since, bytes: row.day_bytes },
    week: { since: row.week_since, bytes: row.week_bytes },
    month: { since: row.month_since, bytes: row.month_bytes },
  },
];
