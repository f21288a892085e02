// Names, numbers and addresses that the server knows now, for completion. Nobody waits for a
// server that does not answer: the next question then gets nothing at once, for a while.
import type { AdminCommand, AdminResults } from '../../core/ipc/admin.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { LiveKind } from './live_kind.ts';
import { shortId } from './records/record.ts';

export type Ask = <C extends AdminCommand['command']>(
  command: Extract<AdminCommand, { command: C }>,
) => Promise<AdminResults[C]>;

export interface LiveValuesComponents {
  readonly ask: Ask;
  readonly now: () => EpochMs;
  /** Resolves when the time is over. */
  readonly sleep: (durationMs: Milliseconds) => Promise<void>;
}

/** Somebody who presses Tab twice means the same people; who just came may be missing for so long. */
const FRESH_MS: Milliseconds = 3_000;
/** What a person at a key does not call a hang. */
const PATIENCE_MS: Milliseconds = 300;
/** A server that did not answer in time is not waited for again before. */
const SILENCE_MS: Milliseconds = 10_000;

interface Known {
  readonly at: EpochMs;
  readonly values: readonly string[];
}

export class LiveValues {
  readonly #components: LiveValuesComponents;
  readonly #known = new Map<LiveKind, Known>();
  readonly #underWay = new Map<LiveKind, Promise<void>>();
  #silentUntil: EpochMs = 0;

  constructor(components: LiveValuesComponents) {
    this.#components = components;
  }

  /** Never rejects; what was known last where the server does not answer in time. */
  async get(kind: LiveKind): Promise<readonly string[]> {
    const { now, sleep } = this.#components;
    const known = this.#known.get(kind);
    if (known !== undefined && now() - known.at < FRESH_MS) return known.values;
    const refreshed = this.#refresh(kind);
    if (now() >= this.#silentUntil) {
      const late = sleep(PATIENCE_MS).then(() => true);
      if (await Promise.race([refreshed.then(() => false), late])) {
        this.#silentUntil = now() + SILENCE_MS;
      }
    }
    return this.#known.get(kind)?.values ?? [];
  }

  /** One question of a kind at a time. */
  #refresh(kind: LiveKind): Promise<void> {
    const underWay = this.#underWay.get(kind);
    if (underWay !== undefined) return underWay;
    const { ask, now } = this.#components;
    const begun = fetchLive(ask, kind)
      .then(
        (values) => {
          this.#known.set(kind, { at: now(), values });
          this.#silentUntil = 0;
        },
        () => undefined,
      )
      .finally(() => this.#underWay.delete(kind));
    this.#underWay.set(kind, begun);
    return begun;
  }
}

/** Asks the server; each value once, sorted. Rejects as `ask` does. */
export async function fetchLive(ask: Ask, kind: LiveKind): Promise<readonly string[]> {
  switch (kind) {
    case 'users':
      return unique((await ask<'users'>({ command: 'users' })).map(({ user }) => user));
    case 'ids':
      return unique((await ask<'users'>({ command: 'users' })).map(({ id }) => String(id)));
    case 'sessions':
      return unique((await ask<'sessions'>({ command: 'sessions' })).map(shortId));
    case 'addresses':
      return unique(
        (await ask<'ip-ban-points'>({ command: 'ip-ban-points' })).map(({ source }) => source),
      );
  }
}

const collator = new Intl.Collator('en', { numeric: true });

const unique = (values: readonly string[]): readonly string[] =>
  [...new Set(values)].toSorted(collator.compare);
