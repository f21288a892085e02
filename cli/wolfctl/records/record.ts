// The JSON of wolfctl: the names that occtl gives the same things, so that exporters and scripts
// made for it go on working. Names that begin with "_" are for people, "raw_" for programs.
import type { EpochMs, Milliseconds } from '../../../core/units.ts';
import { formatTime } from '../text.ts';

export type JsonValue = string | number | boolean | readonly string[];

/** What is undefined is not there: JSON has no such thing. */
export type JsonRecord = Readonly<Record<string, JsonValue | undefined>>;

/** As occtl, a key that says nothing is left out. */
export const told = (text: string): string | undefined => (text === '' ? undefined : text);

/** A time in occtl's three ways: for people, how long ago, and in seconds since 1970. */
export const timeFields = (
  name: string,
  raw: string,
  at: EpochMs,
  now: EpochMs,
): Readonly<Record<string, string | number>> => ({
  [name]: formatTime(at),
  [`_${name}`]: formatAge(now - at),
  [raw]: seconds(at),
});

/** A duration in two ways. */
export const durationFields = (
  name: string,
  raw: string,
  durationMs: Milliseconds,
): Readonly<Record<string, string | number>> => ({
  [name]: formatAge(durationMs),
  [raw]: seconds(durationMs),
});

/** Whole ones: programs read them into integers. */
export const seconds = (durationMs: Milliseconds): number => Math.floor(durationMs / 1000);

/** As occtl writes durations, seven wide: "    5s", " 1m:30s", " 2h:48m", " 6days". */
export function formatAge(durationMs: Milliseconds): string {
  const total = seconds(durationMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const wide = (value: number): string => String(value).padStart(2);
  if (total < 0) return '   ?   ';
  if (total >= 48 * 3600) return `${wide(Math.floor(total / 86_400))}days`;
  if (total >= 3600)
    return `${wide(Math.floor(total / 3600))}h:${two(Math.floor(total / 60) % 60)}m`;
  if (total > 60) return `${wide(Math.floor(total / 60))}m:${two(total % 60)}s`;
  return `${String(total).padStart(5)}s`;
}

/** What occtl shows of a name that is not there. */
export const nameOf = (text: string): string => (text === '' ? '(none)' : text);

export const vhostOf = ({ vhost }: { readonly vhost: string }): string =>
  vhost === '' ? 'default' : vhost;

/** So many characters of a public id tell sessions apart, and are what occtl shows. */
const SHORT_ID = 6;

export const shortId = ({ publicId }: { readonly publicId: string }): string =>
  publicId.slice(0, SHORT_ID);
