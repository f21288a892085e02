// Kinds of values with a unit: durations, rates, sizes.
import { PERIODS } from '../core/policy/quota.ts';
import type { Quota } from '../core/policy/quota.ts';
import type { BitsPerSecond, Milliseconds } from '../core/units.ts';
import { quote, wrongType } from './kind.ts';
import type { Kind } from './kind.ts';
import { parseDuration, parseRate, parseSize } from './quantities.ts';

/** Longer durations are mistakes of the unit, and overflow 32-bit seconds in some clients [oc 7.3]. */
const LONGEST: Milliseconds = 3650 * 24 * 60 * 60 * 1000;

/** A duration in milliseconds. 0 is "never", where the key allows it. `most` is written as people do. */
export function duration(options: { zero: boolean; most?: string }): Kind<Milliseconds> {
  const { most = '3650d' } = options;
  const longest = Math.min(parseDuration(most) ?? LONGEST, LONGEST);
  const kind: Kind<Milliseconds> = {
    name: options.zero ? 'duration or 0' : 'duration',
    expected: options.zero ? 'a duration or 0' : 'a duration',
    example: quote(options.most ?? '5m'),
    parse: (raw, say) => {
      if (typeof raw === 'number' && raw !== 0)
        return wrongType(
          kind,
          raw,
          say,
          Number.isInteger(raw) ? `did you mean "${raw}s"?` : undefined,
        );
      if (typeof raw !== 'number' && typeof raw !== 'string') return wrongType(kind, raw, say);
      const value = typeof raw === 'number' ? 0 : parseDuration(raw);
      if (value === undefined)
        return say(
          `${quote(String(raw))} is not a duration`,
          'for example "90s", "5m", "1h30m", "2d"',
        );
      if (value === 0 && !options.zero) return say('must be longer than 0', 'for example "5m"');
      return value > longest ? say('is too long', `at most ${quote(most)}`) : value;
    },
  };
  return kind;
}

/** A rate in bit/s. */
export const rate: Kind<BitsPerSecond> = measured('rate', 'a rate', '"50Mbit"', parseRate);

/** So many bytes in each period. */
export const quota: Kind<Quota> = measured(
  'quota',
  'a size and a day, week or month',
  '"100GiB/month"',
  (raw) => {
    const [amount, per, ...rest] = raw.split('/');
    const bytes = parseSize(amount ?? '');
    const period = PERIODS.find((name) => name === per);
    if (bytes === undefined || bytes === 0 || period === undefined) return undefined;
    return rest.length > 0 ? undefined : { bytes, per: period };
  },
);

function measured<T>(
  name: string,
  expected: string,
  example: string,
  parse: (raw: string) => T | undefined,
): Kind<T> {
  const kind: Kind<T> = {
    name,
    expected,
    example,
    parse: (raw, say) => {
      if (typeof raw !== 'string') return wrongType(kind, raw, say);
      return parse(raw) ?? say(`${quote(raw)} is not ${expected}`, `for example ${example}`);
    },
  };
  return kind;
}
