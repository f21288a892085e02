// Why and until when a policy keeps its user out, and when it ends a session that has begun.
import type { Bytes, EpochMs } from '../units.ts';
import { isOpen, nextChange } from './hours.ts';
import type { SessionPolicy } from './policy.ts';
import { periodEnd } from './quota.ts';

const TIMED_ENDS = ['session-timeout', 'hours-over', 'account-expired'] as const;

/** How time ends a session. */
export type TimedEnd = (typeof TIMED_ENDS)[number];

export const isTimedEnd = (end: string): end is TimedEnd => TIMED_ENDS.some((one) => one === end);

/** When a session ends whatever happens, and why. */
export interface Ending {
  readonly at: EpochMs;
  readonly end: TimedEnd;
}

/** Why somebody with the right password may not come in, and when they may; null = never again. */
export interface Closed {
  readonly end: 'hours-over' | 'account-expired' | 'quota-used';
  readonly until: EpochMs | null;
}

type TimePolicy = Pick<SessionPolicy, 'session_timeout' | 'hours' | 'expires'>;

/** `used`: of the policy's quota, in the present period. Undefined: come in. */
export function closedBy(
  policy: Pick<SessionPolicy, 'hours' | 'expires' | 'quota'>,
  used: Bytes,
  now: EpochMs,
): Closed | undefined {
  const { hours, expires, quota } = policy;
  if (expires !== null && expires <= now) return { end: 'account-expired', until: null };
  if (hours !== null && !isOpen(hours, now)) {
    return { end: 'hours-over', until: nextChange(hours, now) ?? null };
  }
  if (quota !== null && used >= quota.bytes) {
    return { end: 'quota-used', until: periodEnd(quota.per, now) };
  }
  return undefined;
}

/**
 * The earliest end of a session; null = none. It counts from the login, so that neither a reconnect
 * nor a restart of the server puts it off.
 */
export function endingOf(loginAt: EpochMs, policy: TimePolicy, now: EpochMs): Ending | null {
  const { session_timeout, hours, expires } = policy;
  const endings: Ending[] = [];
  if (session_timeout > 0) endings.push({ at: loginAt + session_timeout, end: 'session-timeout' });
  if (expires !== null) endings.push({ at: expires, end: 'account-expired' });
  if (hours !== null) {
    // Hours that have changed over a restart may not have the login in them any more.
    const since = isOpen(hours, loginAt) ? loginAt : now;
    const at = isOpen(hours, since) ? nextChange(hours, since) : since;
    if (at !== undefined) endings.push({ at, end: 'hours-over' });
  }
  return endings.reduce<Ending | null>(
    (first, ending) => (first === null || ending.at < first.at ? ending : first),
    null,
  );
}
