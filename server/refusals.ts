// What people are told who may not come in now; the log has more.
import type { Closed } from '../core/policy/closing.ts';
import { formatLocal } from '../core/policy/local_time.ts';
import type { LoginOutcome } from '../core/session/requests.ts';

/** To every login while the server drains. */
export const TURNED_AWAY = 'This server takes no new connections now: try again in a moment';

/** To a login that found no room. */
export const reasonOfLogin = ({ limit }: Extract<LoginOutcome, { kind: 'refused' }>): string =>
  limit === 'max_clients'
    ? 'The server is full: try again later'
    : 'You are connected as often as is allowed: disconnect elsewhere first';

/** To a person whose policy is closed; times are those of the server's calendar. */
export function reasonOfClosed({ end, until }: Closed): string {
  const when = until === null ? '' : `: you may connect again from ${formatLocal(until)} on`;
  switch (end) {
    case 'account-expired':
      return 'Your account has expired: ask your administrator';
    case 'hours-over':
      return `You may not be connected at this time${when}`;
    case 'quota-used':
      return `Your quota of traffic is used up${when}`;
  }
}
