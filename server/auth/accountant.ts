// Takes accounting records from the primary, makes them safe, and sees that the backend which let
// the session in gets them: at once, or whenever it can be reached again.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { AccountingRecord } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { Milliseconds } from '../../core/units.ts';
import { AccountingLane } from './accounting_lane.ts';
import { AccountingSpool } from './accounting_spool.ts';
import type { Backend } from './backend.ts';

export interface AccountantComponents {
  readonly logger: Logger;
  /** The backend of that step at that host as it is configured now. */
  readonly backendOf: (vhost: string, step: string) => Backend | undefined;
  /** The primary may forget these records. */
  readonly onKept: (ids: readonly number[]) => void;
}

export interface AccountantOptions {
  readonly stateDir: string;
  /** Records that wait at most; about half a KiB each on disk. */
  readonly limit?: number;
  readonly firstRetryMs?: Milliseconds;
}

const LIMIT = 100_000;
const FIRST_RETRY_MS: Milliseconds = 1000;
const DISK_RETRY_MS: Milliseconds = 5000;
const FILE = 'accounting.db';

export class Accountant {
  readonly #components: AccountantComponents;
  readonly #options: AccountantOptions;
  readonly #lanes = new Map<string, AccountingLane>();
  readonly #stopping = new AbortController();
  #spool: AccountingSpool | undefined;
  #arrived: { readonly id: number; readonly record: AccountingRecord }[] = [];

  constructor(components: AccountantComponents, options: AccountantOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Goes on with what the last process has left. */
  resume(): void {
    if (!existsSync(path.join(this.#options.stateDir, FILE))) return;
    for (const lane of this.#opened().lanes()) this.#lane(lane).wake();
  }

  keep(id: number, record: AccountingRecord): void {
    if (this.#arrived.push({ id, record }) === 1) setImmediate(() => this.#write());
  }

  /** Records that no server has taken yet. */
  get waiting(): number {
    return this.#arrived.length + (this.#spool?.size ?? 0);
  }

  close(): void {
    this.#stopping.abort();
    for (const lane of this.#lanes.values()) lane.close();
    this.#spool?.close();
  }

  /** All that has come in this turn, in one transaction. */
  #write(): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    const records = arrived.map(({ record }) => ({ lane: laneOf(record), record }));
    try {
      const dropped = this.#opened().add(records);
      if (dropped > 0) {
        this.#components.logger.warn(
          { event: 'accounting.dropped', count: dropped },
          'too many accounting records wait: oldest dropped',
        );
      }
    } catch (err) {
      this.#components.logger.error(
        { event: 'accounting.not_kept', err },
        'accounting records cannot be kept: is the disk full?',
      );
      this.#arrived = [...arrived, ...this.#arrived].slice(-(this.#options.limit ?? LIMIT));
      setTimeout(() => this.#write(), DISK_RETRY_MS).unref();
      return;
    }
    this.#components.onKept(arrived.map(({ id }) => id));
    for (const { lane } of records) this.#lane(lane).wake();
  }

  #opened(): AccountingSpool {
    this.#spool ??= this.#open();
    return this.#spool;
  }

  /** A disk that is of no use costs safety, not the accounts. */
  #open(): AccountingSpool {
    const { stateDir, limit = LIMIT } = this.#options;
    try {
      return new AccountingSpool({ directory: stateDir, limit });
    } catch (err) {
      this.#components.logger.error(
        { event: 'accounting.not_kept', err },
        'accounting records are kept in memory only: state.dir cannot be written',
      );
      return new AccountingSpool({ directory: null, limit });
    }
  }

  #lane(name: string): AccountingLane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = new AccountingLane(
      {
        spool: this.#opened(),
        deliver: (record) => this.#deliver(record),
        onRefused: (count) =>
          this.#components.logger.warn(
            { event: 'accounting.dropped', count },
            'accounting records dropped: no server takes them',
          ),
        onError: (err) =>
          this.#components.logger.error(
            { event: 'accounting.not_read', err },
            'accounting records cannot be read',
          ),
      },
      { name, firstRetryMs: this.#options.firstRetryMs ?? FIRST_RETRY_MS },
    );
    this.#lanes.set(name, lane);
    return lane;
  }

  async #deliver(record: AccountingRecord): Promise<boolean> {
    const { logger, backendOf } = this.#components;
    const backend = backendOf(record.vhost, record.attributes?.backend ?? '');
    // Nobody is configured any more who would want to know.
    if (backend?.account === undefined) return true;
    try {
      return await backend.account(record, this.#stopping.signal);
    } catch (err) {
      logger.error(
        { event: 'accounting.not_delivered', err },
        'an accounting record cannot be delivered',
      );
      return false;
    }
  }
}

const laneOf = ({ vhost, attributes }: AccountingRecord): string =>
  `${attributes?.backend ?? ''} ${vhost}`;
