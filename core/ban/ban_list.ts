// Which sources have collected points, and which are banned.
//
//   points below half of max_score ─► light ┐  in the order of their last points: what is
//   points from half of it on ──────► heavy ┘  forgotten next stands first
//   points at max_score ────────────► banned   in the order in which the bans began
//
// A ban ends after its time and leaves nothing behind: the source begins anew. What it does while
// it is banned does not lengthen the ban. When there is no room for one more source, the oldest
// light one makes it, else the oldest heavy one, else the oldest ban: whoever wants to flush the
// points of somebody out must bring as many sources with half a ban each.
import type { Cidr } from '../net/address.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import { Queue } from './queue.ts';
import { formatSource, overlaps, parseSource } from './source.ts';

export interface BanRules {
  /** Points that ban a source; 0 = nobody collects points and nobody is banned. */
  readonly maxScore: number;
  readonly durationMs: Milliseconds;
  /** Points are forgotten when nothing new came for so long. */
  readonly resetAfterMs: Milliseconds;
  /** A source with an address in one of these is never counted. */
  readonly exempt: readonly Cidr[];
}

export interface BanRecord {
  /** As formatSource gives it. */
  readonly source: string;
  readonly score: number;
  readonly since: EpochMs;
}

/** A source with points; `bannedAt` null = it may still connect. */
export interface PointsRecord {
  readonly source: string;
  readonly score: number;
  /** When its last points came, or its ban began. */
  readonly at: EpochMs;
  readonly banned: boolean;
}

/** What has just begun and ended. */
export interface BanChanges {
  readonly banned: readonly BanRecord[];
  readonly lifted: readonly string[];
}

/** At about 250 bytes each: 25 MB. */
const CAPACITY = 100_000;
/** No sum of points may leave the whole numbers. */
const MAX_SCORE = 1_000_000_000;

interface Entry {
  readonly source: string;
  readonly network: Cidr;
  score: number;
  at: EpochMs;
  queue: Queue<Entry>;
  before: Entry | undefined;
  behind: Entry | undefined;
}

export class BanList {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();
  readonly #light = new Queue<Entry>();
  readonly #heavy = new Queue<Entry>();
  readonly #banned = new Queue<Entry>();
  #rules: BanRules;
  #bans = 0;

  constructor(rules: BanRules, { capacity = CAPACITY }: { readonly capacity?: number } = {}) {
    this.#rules = rules;
    this.#capacity = capacity;
  }

  /** Sources with points, the banned ones among them. */
  get size(): number {
    return this.#entries.size;
  }

  get bans(): number {
    return this.#bans;
  }

  /** Counts points against a source (as sourceOf gives it). */
  add(network: Cidr, points: number, now: EpochMs): BanChanges {
    const lifted = this.#expire(now);
    if (this.#rules.maxScore === 0 || points <= 0 || this.#isExempt(network)) {
      return { banned: [], lifted };
    }
    const entry = this.#entries.get(formatSource(network)) ?? this.#enter(network, now, lifted);
    entry.score = Math.min(entry.score + points, MAX_SCORE);
    if (entry.queue === this.#banned) return { banned: [], lifted };
    entry.at = now;
    const queue = this.#queueFor(entry.score);
    this.#move(entry, queue);
    return { banned: queue === this.#banned ? [recordOf(entry)] : [], lifted };
  }

  /** Has points that still count, or a ban. */
  has(source: string, now: EpochMs): boolean {
    const entry = this.#entries.get(source);
    if (entry === undefined) return false;
    const { durationMs, resetAfterMs } = this.#rules;
    return now < entry.at + (entry.queue === this.#banned ? durationMs : resetAfterMs);
  }

  isBanned(source: string, now: EpochMs): boolean {
    const entry = this.#entries.get(source);
    return entry?.queue === this.#banned && now < this.#endOf(entry);
  }

  /** Forgets a source, ban and points; false when nothing is known of it. */
  forget(source: string, now: EpochMs): { readonly known: boolean; readonly changes: BanChanges } {
    const lifted = this.#expire(now);
    const entry = this.#entries.get(source);
    if (entry !== undefined) this.#remove(entry, lifted);
    return { known: entry !== undefined, changes: { banned: [], lifted } };
  }

  /** Ends what is due. */
  sweep(now: EpochMs): BanChanges {
    return { banned: [], lifted: this.#expire(now) };
  }

  /** When the next ban ends; undefined while nobody is banned. */
  nextDeadline(): EpochMs | undefined {
    const { first } = this.#banned;
    return first === undefined ? undefined : this.#endOf(first);
  }

  /**
   * From a reload. Bans that run get the new length, and a source that may no longer be banned is
   * let go; who has too many points by a new max_score is banned with the next ones.
   */
  setRules(rules: BanRules, now: EpochMs): BanChanges {
    const lifted = this.#expire(now);
    this.#rules = rules;
    lifted.push(...this.#expire(now));
    const entries = [...this.#light, ...this.#heavy].sort((a, b) => a.at - b.at);
    for (const entry of [...entries, ...this.#banned]) {
      if (rules.maxScore === 0 || this.#isExempt(entry.network)) this.#remove(entry, lifted);
      else if (entry.queue !== this.#banned) this.#move(entry, this.#tierFor(entry.score));
    }
    return { banned: [], lifted };
  }

  /** A ban of an earlier run; one that is over, or that these rules do not allow, is not taken. */
  restore({ source, score, since }: BanRecord, now: EpochMs): boolean {
    const network = parseSource(source);
    const at = Math.min(since, now);
    const over = now >= at + this.#rules.durationMs || this.#rules.maxScore === 0;
    if (network === undefined || over || this.#isExempt(network)) return false;
    if (this.#entries.has(source) || this.#entries.size >= this.#capacity) return false;
    const entry = this.#enter(network, at, []);
    entry.score = score;
    this.#move(entry, this.#banned);
    return true;
  }

  /** The banned ones, oldest ban first. */
  banned(): BanRecord[] {
    return [...this.#banned].map(recordOf);
  }

  /** All with points: the banned ones, then the others by their points. */
  points(): PointsRecord[] {
    const others = [...this.#light, ...this.#heavy].sort((a, b) => b.score - a.score);
    return [...this.#banned, ...others].map(({ source, score, at, queue }) => ({
      source,
      score,
      at,
      banned: queue === this.#banned,
    }));
  }

  #isExempt(network: Cidr): boolean {
    return this.#rules.exempt.some((exempt) => overlaps(exempt, network));
  }

  /** Removes what is over and returns the sources whose ban has ended. */
  #expire(now: EpochMs): string[] {
    const lifted: string[] = [];
    const { durationMs, resetAfterMs } = this.#rules;
    for (const [queue, lifetimeMs] of [
      [this.#light, resetAfterMs],
      [this.#heavy, resetAfterMs],
      [this.#banned, durationMs],
    ] as const) {
      while (queue.first !== undefined && now >= queue.first.at + lifetimeMs) {
        this.#remove(queue.first, lifted);
      }
    }
    return lifted;
  }

  #endOf({ at }: Entry): EpochMs {
    return at + this.#rules.durationMs;
  }

  /** Makes room where it must. */
  #enter(network: Cidr, now: EpochMs, lifted: string[]): Entry {
    if (this.#entries.size >= this.#capacity) {
      const oldest = this.#light.first ?? this.#heavy.first ?? this.#banned.first;
      if (oldest !== undefined) this.#remove(oldest, lifted);
    }
    const source = formatSource(network);
    const place = { queue: this.#light, before: undefined, behind: undefined };
    const entry: Entry = { source, network, score: 0, at: now, ...place };
    this.#entries.set(source, entry);
    this.#light.push(entry);
    return entry;
  }

  #queueFor(score: number): Queue<Entry> {
    return score >= this.#rules.maxScore ? this.#banned : this.#tierFor(score);
  }

  #tierFor(score: number): Queue<Entry> {
    return score * 2 >= this.#rules.maxScore ? this.#heavy : this.#light;
  }

  /** To the end of a queue. */
  #move(entry: Entry, queue: Queue<Entry>): void {
    entry.queue.remove(entry);
    queue.push(entry);
    entry.queue = queue;
    if (queue === this.#banned) this.#bans++;
  }

  #remove(entry: Entry, lifted: string[]): void {
    entry.queue.remove(entry);
    this.#entries.delete(entry.source);
    if (entry.queue !== this.#banned) return;
    this.#bans--;
    lifted.push(entry.source);
  }
}

const recordOf = ({ source, score, at }: Entry): BanRecord => ({ source, score, since: at });
