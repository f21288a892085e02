// How much a user may move in a day, a week or a month of the server's calendar: what has been used,
// and when it begins anew. All three periods are counted side by side, so that a new quota finds its
// figure whatever its period.
import type { Bytes, EpochMs } from '../units.ts';
import { startOfDay, startOfMonth, weekday } from './local_time.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

export interface Quota {
  /** Inside packets of both directions together. */
  readonly bytes: Bytes;
  readonly per: Period;
}

/** What was used since a moment that begins a period. */
export interface PeriodUsage {
  readonly since: EpochMs;
  readonly bytes: Bytes;
}

export type Usage = Readonly<Record<Period, PeriodUsage>>;

/** The first moment of the period that `at` is in; a week begins on Monday. */
export function periodStart(per: Period, at: EpochMs): EpochMs {
  if (per === 'month') return startOfMonth(at);
  return startOfDay(at, per === 'week' ? -weekday(at) : 0);
}

/** The first moment of the next period. */
export function periodEnd(per: Period, at: EpochMs): EpochMs {
  if (per === 'month') return startOfMonth(at, 1);
  return startOfDay(at, per === 'week' ? 7 - weekday(at) : 1);
}

/** `usage`: as of earlier; undefined = nothing yet. */
export const addBytes = (usage: Usage | undefined, bytes: Bytes, now: EpochMs): Usage => ({
  day: addTo(usage?.day, 'day', bytes, now),
  week: addTo(usage?.week, 'week', bytes, now),
  month: addTo(usage?.month, 'month', bytes, now),
});

/** In the period of now. */
export const usedBytes = (usage: Usage | undefined, per: Period, now: EpochMs): Bytes =>
  addTo(usage?.[per], per, 0, now).bytes;

/** A clock that was put back does not begin a period anew. */
function addTo(
  usage: PeriodUsage | undefined,
  per: Period,
  bytes: Bytes,
  now: EpochMs,
): PeriodUsage {
  const since = periodStart(per, now);
  const before = usage === undefined || usage.since < since ? { since, bytes: 0 } : usage;
  return { since: before.since, bytes: before.bytes + bytes };
}
