// The shell around the ban list: points from refused logins and from workers' failed connections go
// in, every worker hears which sources to close at accept, and the store remembers the bans. The
// primary owns the one instance.
//
//   refused login, failed connects ─► ┌──────────┐ ─ bans ───────────► all workers
//   time, unban, reload ────────────► │ ban list │ ─ save, delete ───► store
//                                     └──────────┘
import { BanList } from '../core/ban/ban_list.ts';
import type { BanChanges, BanRules, PointsRecord } from '../core/ban/ban_list.ts';
import { formatSource, parseSource, sourceOf, sourceOfPeer } from '../core/ban/source.ts';
import type { AdminBan } from '../core/ipc/admin.ts';
import type { PrimaryToWorker } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import { parseIp } from '../core/net/address.ts';
import type { EpochMs } from '../core/units.ts';
import type { BanStore } from './ban_store.ts';

export interface BansComponents {
  readonly store: Pick<BanStore, 'load' | 'save' | 'delete' | 'close'>;
  readonly tellWorkers: (message: Extract<PrimaryToWorker, { kind: 'bans' }>) => void;
  readonly now: () => EpochMs;
  readonly onBanned?: (sources: number) => void;
  readonly log: Pick<Logger, 'debug' | 'info'>;
}

/** [ban] as the primary needs it. */
export interface BanSettings extends BanRules {
  readonly points: { readonly wrongPassword: number; readonly failedConnect: number };
}

/** setTimeout takes no longer delay (2^31 - 1 ms); a later deadline is looked at again then. */
const MAX_DELAY_MS = 0x7fffffff;

export class Bans {
  readonly #components: BansComponents;
  readonly #list: BanList;
  #settings: BanSettings;
  #timer: { readonly at: EpochMs; readonly timeout: NodeJS.Timeout } | undefined;

  /** Takes over the bans that the store holds and that these settings still want. */
  constructor(components: BansComponents, settings: BanSettings) {
    this.#components = components;
    this.#settings = settings;
    this.#list = new BanList(settings);
    const { store, now, log } = components;
    for (const record of store.load()) {
      if (!this.#list.restore(record, now())) store.delete(record.source);
    }
    if (this.#list.bans > 0) {
      log.info({ event: 'bans.restored', bans: this.#list.bans }, 'bans of the last run restored');
    }
    this.#arm();
  }

  /** How many sources are banned. */
  get size(): number {
    return this.#list.bans;
  }

  /** Whether this peer's source is banned now. */
  isBanned(address: string): boolean {
    const source = sourceOfPeer(address);
    return source !== undefined && this.#list.isBanned(source, this.#components.now());
  }

  /** Whether this peer's source has points. */
  isSuspect(address: string): boolean {
    const source = sourceOfPeer(address);
    return source !== undefined && this.#list.has(source, this.#components.now());
  }

  /** A login that every chain refused. */
  loginRefused(address: string): void {
    this.#add(address, this.#settings.points.wrongPassword);
  }

  /** By address, how many connections have come to nothing. */
  connectsFailed(counts: readonly (readonly [string, number])[]): void {
    const { failedConnect } = this.#settings.points;
    for (const [address, count] of counts) this.#add(address, count * failedConnect);
  }

  /** For a worker that begins: all sources to be closed at accept. */
  sources(): string[] {
    return this.#list.banned().map(({ source }) => source);
  }

  /** For people: the oldest ban first. */
  banned(): AdminBan[] {
    this.#carryOut(this.#list.sweep(this.#components.now()));
    const { durationMs } = this.#settings;
    return this.#list.banned().map((ban) => ({ ...ban, endsAt: ban.since + durationMs }));
  }

  /** For people: all sources with points, the banned ones first. */
  points(): PointsRecord[] {
    this.#carryOut(this.#list.sweep(this.#components.now()));
    return this.#list.points();
  }

  /** Forgets ban and points of an address or of a source as it is listed. */
  unban(text: string): { readonly kind: 'done' | 'unknown'; readonly source: string } | 'invalid' {
    const network = parseSource(text);
    if (network === undefined) return 'invalid';
    const source = formatSource(network);
    const { known, changes } = this.#list.forget(source, this.#components.now());
    this.#carryOut(changes);
    return { kind: known ? 'done' : 'unknown', source };
  }

  /** From a reload. */
  configure(settings: BanSettings): void {
    this.#settings = settings;
    this.#carryOut(this.#list.setRules(settings, this.#components.now()));
  }

  /** Closes the store; the bans stay in it. Idempotent. */
  close(): void {
    clearTimeout(this.#timer?.timeout);
    this.#timer = undefined;
    this.#components.store.close();
  }

  /** A peer without an address of its own (a link-local one with a zone) is not counted. */
  #add(address: string, points: number): void {
    const ip = parseIp(address);
    if (ip === undefined) return;
    this.#carryOut(this.#list.add(sourceOf(ip), points, this.#components.now()));
  }

  #carryOut({ banned, lifted }: BanChanges): void {
    const { store, tellWorkers, log } = this.#components;
    for (const source of lifted) {
      store.delete(source);
      log.info({ event: 'ban.lifted' }, 'ban lifted');
      log.debug({ source }, 'ban was of');
    }
    for (const record of banned) {
      store.save(record);
      log.info(
        { event: 'ban.set', score: record.score },
        'source banned: see wolfctl show ip bans',
      );
      log.debug({ source: record.source }, 'ban is of');
    }
    this.#components.onBanned?.(banned.length);
    if (banned.length > 0 || lifted.length > 0) {
      tellWorkers({ kind: 'bans', add: banned.map(({ source }) => source), remove: lifted });
    }
    this.#arm();
  }

  /** One timer for the end of the next ban. */
  #arm(): void {
    const at = this.#list.nextDeadline();
    if (at === undefined || this.#timer?.at === at) return;
    clearTimeout(this.#timer?.timeout);
    const delayMs = Math.min(Math.max(at - this.#components.now(), 0), MAX_DELAY_MS);
    const timeout = setTimeout(() => {
      this.#timer = undefined;
      this.#carryOut(this.#list.sweep(this.#components.now()));
    }, delayMs).unref();
    this.#timer = { at, timeout };
  }
}
