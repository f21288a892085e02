// Durations, sizes and rates as text. Undefined when the text is not exactly one.
import type { BitsPerSecond, Bytes, Milliseconds } from '../core/units.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SIZES = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
  ['TiB', 1024 ** 4],
]);

const RATES = new Map([
  ['bit', 1],
  ['Kbit', 1000],
  ['Mbit', 1000 ** 2],
  ['Gbit', 1000 ** 3],
]);

/** "90s", "5m", "1h30m", "2d": whole numbers, each unit once, the largest first. */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits || 0));
  return (
    (days ?? 0) * DAY + (hours ?? 0) * HOUR + (minutes ?? 0) * MINUTE + (seconds ?? 0) * SECOND
  );
}

/** "64KiB", "100GiB", "512B". */
export const parseSize = (text: string): Bytes | undefined => parseWithUnit(text, SIZES);

/** "50Mbit", "1Gbit": bits per second, in powers of ten. */
export const parseRate = (text: string): BitsPerSecond | undefined => parseWithUnit(text, RATES);

function parseWithUnit(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const match = /^(\d{1,9})([A-Za-z]+)$/.exec(text);
  const unit = units.get(match?.[2] ?? '');
  const value = unit === undefined ? undefined : Number(match?.[1]) * unit;
  return Number.isSafeInteger(value) ? value : undefined;
}
