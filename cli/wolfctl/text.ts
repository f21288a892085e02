// How numbers and times look to people.
import type { EpochMs, Milliseconds } from '../../core/units.ts';

const BYTE_UNITS = ['KB', 'MB', 'GB', 'TB', 'PB'];

/** "1.5 MB": powers of 1000, one decimal. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.95 && unit < BYTE_UNITS.length - 1; unit++) value /= 1000;
  return `${value.toFixed(1)} ${BYTE_UNITS[unit] ?? ''}`;
}

/** The two largest units that are not zero: "2d 3h", "5m 20s", "0s". */
export function formatDuration(durationMs: Milliseconds): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

/** "1 session", "12 sessions". */
export const countSessions = (count: number): string => `${count} session${count === 1 ? '' : 's'}`;

/** "2026-11-21 14:03" in the reader's time zone. */
export function formatTime(at: EpochMs): string {
  const minute = Math.floor(at / 60_000);
  const known = minutes.get(minute);
  if (known !== undefined) return known;
  if (minutes.size >= MAX_MINUTES) minutes.clear();
  const text = renderTime(at);
  minutes.set(minute, text);
  return text;
}

/** Long lists name the same minutes again and again. */
const minutes = new Map<number, string>();
const MAX_MINUTES = 10_000;

function renderTime(at: EpochMs): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
