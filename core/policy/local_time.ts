// The server's calendar: its own time zone, summer time included. The zone is the process's (TZ, or
// /etc/localtime); the time itself is always an argument.
import type { EpochMs } from '../units.ts';

/** Names of days as people write them, Monday first. */
export const DAY_NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

export const MINUTE_MS = 60_000;
export const DAY_MINUTES = 24 * 60;
export const WEEK_MINUTES = 7 * DAY_MINUTES;

/** 0 = Monday. */
export const weekday = (at: EpochMs): number => (new Date(at).getDay() + 6) % 7;

/** What the clock on the wall shows, in whole minutes since Monday 00:00. */
export function minuteOfWeek(at: EpochMs): number {
  const date = new Date(at);
  return weekday(at) * DAY_MINUTES + date.getHours() * 60 + date.getMinutes();
}

/** What the wall clock is ahead of UTC at that moment. */
export const offsetMinutes = (at: EpochMs): number => -new Date(at).getTimezoneOffset();

/** The first moment of a day, `days` after the one that `at` is in. */
export function startOfDay(at: EpochMs, days = 0): EpochMs {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

/** The first moment of a month, `months` after the one that `at` is in. */
export function startOfMonth(at: EpochMs, months = 0): EpochMs {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth() + months).getTime();
}

/** "Mon 2026-11-23 08:00", for people. */
export function formatLocal(at: EpochMs): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const name = DAY_NAMES[weekday(at)] ?? '';
  return `${name} ${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
