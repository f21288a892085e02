// Kinds of values that name times of the server's calendar.
import { parseHours } from '../core/policy/hours.ts';
import type { Hours } from '../core/policy/hours.ts';
import { startOfDay } from '../core/policy/local_time.ts';
import type { EpochMs } from '../core/units.ts';
import { quote, wrongType } from './kind.ts';
import type { Kind } from './kind.ts';

/** Spans of the week. */
export const hours: Kind<Hours> = {
  name: 'days and times',
  expected: 'days and times',
  example: '"Mon-Fri 08:00-18:00, Sat 09:00-12:00"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(hours, raw, say);
    const value = parseHours(raw);
    if (value !== undefined) return value;
    return say(`${quote(raw)} is not made of days and times`, HOURS_HINT);
  },
};

const HOURS_HINT = 'for example "Mon-Fri 08:00-18:00, Sat 09:00-12:00", "daily 07:30-22:00", "Fri"';

/**
 * The first moment of which somebody is kept out: of a date, its end. A time without an offset is one
 * of the server's calendar. TOML's dates and the same as text.
 */
export const expiry: Kind<EpochMs> = {
  name: 'date, or date and time',
  expected: 'a date, or a date and a time',
  example: '2027-03-31',
  parse: (raw, say) => {
    // TOML's own dates write themselves as they were read.
    const text = raw instanceof Date ? raw.toISOString() : raw;
    if (typeof text !== 'string') return wrongType(expiry, raw, say);
    const value = parseExpiry(text);
    if (value !== undefined) return value;
    return say(
      `${quote(text)} is not a date, or a date and a time`,
      'for example 2027-03-31, or 2027-03-31T18:00:00',
    );
  },
};

const EXPIRY =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?$/;

function parseExpiry(text: string): EpochMs | undefined {
  const match = EXPIRY.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits: string | undefined) => (digits === undefined ? undefined : Number(digits)));
  const midnight = new Date(year, month - 1, day);
  // 30 February would become 2 March.
  if (midnight.getMonth() !== month - 1 || midnight.getDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (match[4] === undefined) return startOfDay(midnight.getTime(), 1);
  if (match[7] !== undefined) {
    const at = Date.parse(text.replace(' ', 'T').toUpperCase());
    return Number.isNaN(at) ? undefined : at;
  }
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}
