// When a user may be connected: spans of the week by the clock on the wall of the server. An hour
// that summer time skips is never; one that it repeats counts both times.
//
//   hours    = range { "," range }
//   range    = [ days ] [ time "-" time ]          one of the two at least
//   days     = "daily" | day [ "-" day ]           alone: those days from 00:00 to 24:00
//
// "Fri 22:00-06:00" ends on Saturday; "Sat-Mon" is three days.
import type { EpochMs } from '../units.ts';
import {
  DAY_MINUTES,
  DAY_NAMES,
  MINUTE_MS,
  WEEK_MINUTES,
  minuteOfWeek,
  offsetMinutes,
} from './local_time.ts';

/** Sorted, apart from one another, within one week from Monday 00:00; never empty. */
export interface Hours {
  readonly spans: readonly Span[];
}

/** Minutes of the week; `to` is the first one outside. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Undefined for what does not follow the grammar above. */
export function parseHours(text: string): Hours | undefined {
  const ranges = text.split(',').map((range) => parseRange(range.trim()));
  const spans: Span[] = [];
  for (const range of ranges) {
    if (range === undefined) return undefined;
    spans.push(...range);
  }
  return { spans: merge(spans) };
}

/** As parseHours reads it again; a span over Sunday's midnight comes as two. */
export const formatHours = ({ spans }: Hours): string => spans.map(formatSpan).join(', ');

export const isOpen = (hours: Hours, at: EpochMs): boolean => isIn(hours, minuteOfWeek(at));

/**
 * The first moment after `at` at which `isOpen` is another; undefined: never.
 *
 * Between two changes of the offset to UTC the wall clock goes evenly, and the next border of a span
 * is plain arithmetic; where the offset changes first, that moment itself is looked at.
 */
export function nextChange(hours: Hours, at: EpochMs): EpochMs | undefined {
  const open = isOpen(hours, at);
  let from = at;
  // Each round passes a border or a change of the offset, of which there are few a year.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const border = nextBorder(hours, from);
    const shift = firstShift(from, border);
    const next = Math.min(border, shift);
    if (isOpen(hours, next) !== open) return next;
    from = next;
  }
  return undefined;
}

/** Borders that open and close nothing are merged away: two in a row only around a shift. */
const MAX_ROUNDS = 16;

/** By the offset of now; a week later where the whole week is one span. */
function nextBorder({ spans }: Hours, at: EpochMs): EpochMs {
  const now = minuteOfWeek(at);
  const waits = spans
    .flatMap(({ from, to }) => [from, to])
    .map((border) => (border - now + WEEK_MINUTES - 1) % WEEK_MINUTES);
  const minutes = Math.min(...waits) + 1;
  return at - (at % MINUTE_MS) + minutes * MINUTE_MS;
}

/** The first moment in (from, to] with another offset than `from` has; Infinity: none. */
function firstShift(from: EpochMs, to: EpochMs): EpochMs {
  const offset = offsetMinutes(from);
  for (let day = from; day < to; day += DAY_MINUTES * MINUTE_MS) {
    let [before, after] = [day, Math.min(day + DAY_MINUTES * MINUTE_MS, to)];
    if (offsetMinutes(after) === offset) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetMinutes(middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }
  return Infinity;
}

function isIn({ spans }: Hours, minute: number): boolean {
  return spans.some(({ from, to }) => from <= minute && minute < to);
}

// ─── text ─────────────────────────────────────────────────────────────────────────────────────

const RANGE = /^(?:(daily)|([a-z]{3})(?:-([a-z]{3}))?)?(?:(^|\s+)(\d\d:\d\d)-(\d\d:\d\d))?$/i;

function parseRange(text: string): Span[] | undefined {
  const match = RANGE.exec(text);
  if (match === null || text === '') return undefined;
  const [, daily, firstDay, lastDay, , begin = '00:00', end = '24:00'] = match;
  const first = daily === undefined && firstDay !== undefined ? dayOf(firstDay) : 0;
  const last = daily === undefined && firstDay !== undefined ? dayOf(lastDay ?? firstDay) : 6;
  const [from, to] = [parseTime(begin), parseTime(end)];
  if (first < 0 || last < 0 || from === undefined || to === undefined) return undefined;
  if (from === to || from === DAY_MINUTES) return undefined;
  const days = ((last - first + 7) % 7) + 1;
  return Array.from({ length: days }, (_, n) => ((first + n) % 7) * DAY_MINUTES).flatMap((day) =>
    wrap(day + from, day + to + (to < from ? DAY_MINUTES : 0)),
  );
}

const dayOf = (name: string): number =>
  DAY_NAMES.findIndex((day) => day.toLowerCase() === name.toLowerCase());

function parseTime(text: string): number | undefined {
  const [hours = NaN, minutes = NaN] = text.split(':').map(Number);
  const sum = hours * 60 + minutes;
  return minutes < 60 && sum <= DAY_MINUTES ? sum : undefined;
}

/** What goes over Sunday's midnight goes on on Monday. */
const wrap = (from: number, to: number): Span[] =>
  to <= WEEK_MINUTES
    ? [{ from, to }]
    : [
        { from, to: WEEK_MINUTES },
        { from: 0, to: to - WEEK_MINUTES },
      ];

function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || span.from > last.to) merged.push(span);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return merged;
}

/** A span of several days is its days, each by itself. */
function formatSpan({ from, to }: Span): string {
  const parts: string[] = [];
  for (let at = from; at < to; at = nextDay(at)) {
    const end = Math.min(to, nextDay(at));
    const day = Math.floor(at / DAY_MINUTES);
    parts.push(
      `${DAY_NAMES[day] ?? ''} ${formatTime(at - day * DAY_MINUTES)}-${formatTime(end - day * DAY_MINUTES)}`,
    );
  }
  return parts.join(', ');
}

const nextDay = (minute: number): number => (Math.floor(minute / DAY_MINUTES) + 1) * DAY_MINUTES;

const formatTime = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
