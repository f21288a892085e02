// The way of accounting records to one backend of one host: in their order, several at a time but
// never two of one session, and again until they are taken.
//
//   all or some taken ──► on, a failure more for those that were not
//   none taken ──► an outage: a few of them again, after a while that grows
import type { Milliseconds } from '../../core/units.ts';
import type { AccountingSpool, SpooledRecord } from './accounting_spool.ts';

export interface AccountingLaneComponents {
  readonly spool: Pick<AccountingSpool, 'next' | 'remove' | 'sync'>;
  /** Resolves true when the record has been taken; never rejects. */
  readonly deliver: (record: SpooledRecord['record']) => Promise<boolean>;
  /** Records that nobody takes, while others are taken. */
  readonly onRefused: (count: number) => void;
  /** The spool cannot be read or written; it is tried again. */
  readonly onError: (error: unknown) => void;
}

export interface AccountingLaneOptions {
  readonly name: string;
  readonly firstRetryMs: Milliseconds;
}

const AT_A_TIME = 64;
/** More than one: a record that no server wants must not pass for an outage. */
const PROBES = 8;
const MAX_FAILURES = 5;
const LONGEST_RETRY_MS: Milliseconds = 30_000;

export class AccountingLane {
  readonly #components: AccountingLaneComponents;
  readonly #options: AccountingLaneOptions;
  /** By record: how often it was not taken when others were. */
  readonly #failures = new Map<number, number>();
  #running = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #retryMs: Milliseconds;

  constructor(components: AccountingLaneComponents, options: AccountingLaneOptions) {
    this.#components = components;
    this.#options = options;
    this.#retryMs = options.firstRetryMs;
  }

  /** There are records. Nothing happens during an outage: the next try is on its way. */
  wake(): void {
    if (this.#running || this.#closed || this.#timer !== undefined) return;
    this.#running = true;
    void this.#run()
      .catch((error: unknown) => {
        if (this.#closed) return;
        this.#components.onError(error);
        this.#tryLater();
      })
      .finally(() => {
        this.#running = false;
      });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const { spool, deliver } = this.#components;
    const { name, firstRetryMs } = this.#options;
    for (;;) {
      const isOutage = this.#retryMs > firstRetryMs;
      const wave = oneOfEachSession(spool.next(name, isOutage ? PROBES : AT_A_TIME));
      if (wave.length === 0) return;
      const taken = await Promise.all(wave.map(({ record }) => deliver(record)));
      if (this.#closed) return;
      spool.remove(wave.flatMap(({ id }, index) => (taken[index] === true ? id : [])));
      const left = wave.filter((_, index) => taken[index] !== true);
      if (left.length === wave.length) {
        // It may last: what a power failure would cost is on disk from here on.
        spool.sync();
        this.#tryLater();
        return;
      }
      this.#retryMs = firstRetryMs;
      this.#countFailures(left);
    }
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.wake();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #countFailures(left: readonly SpooledRecord[]): void {
    for (const { id } of left) this.#failures.set(id, (this.#failures.get(id) ?? 0) + 1);
    const hopeless = [...this.#failures].flatMap(([id, count]) => (count < MAX_FAILURES ? [] : id));
    if (left.length === 0) this.#failures.clear();
    if (hopeless.length === 0) return;
    for (const id of hopeless) this.#failures.delete(id);
    this.#components.spool.remove(hopeless);
    this.#components.onRefused(hopeless.length);
  }
}

/** The first records of their sessions: a stop must not overtake its start. */
function oneOfEachSession(records: readonly SpooledRecord[]): SpooledRecord[] {
  const seen = new Set<string>();
  return records.filter(({ record }) => {
    if (seen.has(record.id)) return false;
    seen.add(record.id);
    return true;
  });
}
