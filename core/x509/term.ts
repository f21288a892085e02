// Until when something that TLS presents or checks with holds, and when to speak of its end.
import type { EpochMs, Milliseconds } from '../units.ts';

export interface Term {
  readonly what: 'certificate' | 'revocation list' | 'OCSP response';
  /** The file. */
  readonly path: string;
  readonly from: EpochMs;
  /** null = it has no end. */
  readonly until: EpochMs | null;
}

const DAY_MS: Milliseconds = 86_400_000;
/** What a person needs to renew a certificate by hand, a holiday included. */
const CERTIFICATE_NOTICE_MS = 14 * DAY_MS;
/** Lists and responses come by themselves, and mostly long before the last one ends. */
const MOST_NOTICE_MS = 7 * DAY_MS;
const NOTICE_SHARE = 1 / 4;

const CONSEQUENCE: Readonly<Record<Term['what'], string>> = {
  certificate: 'clients will refuse it; renew it',
  'revocation list': 'nobody can log in with a certificate; fetch a newer one',
  'OCSP response': 'it is not stapled; fetch a newer one',
};

export const hasEnded = ({ until }: Term, now: EpochMs): boolean => until !== null && until <= now;

/** A sentence for the log; undefined = all is well for some time. */
export function termWarning(term: Term, now: EpochMs): string | undefined {
  const { what, path, from, until } = term;
  const subject = `the ${what} ${path}`;
  if (now < from) {
    return `${subject} is not valid before ${dayOf(from)}; check this machine's clock`;
  }
  if (until === null) return undefined;
  if (hasEnded(term, now)) {
    return `${subject} expired on ${dayOf(until)}: ${CONSEQUENCE[what]}`;
  }
  const notice =
    what === 'certificate'
      ? CERTIFICATE_NOTICE_MS
      : Math.min(MOST_NOTICE_MS, (until - from) * NOTICE_SHARE);
  return until - now > notice ? undefined : `${subject} ends on ${dayOf(until)}; renew it in time`;
}

const dayOf = (time: EpochMs): string => new Date(time).toISOString().slice(0, 10);
