// A session as its accounts tell it.
import type { AccountingRecord } from '../core/ipc/auth.ts';
import { formatIp } from '../core/net/address.ts';
import { groupOf } from '../core/session/session.ts';
import type { Session } from '../core/session/session.ts';
import type { EpochMs } from '../core/units.ts';

export type Usage = AccountingRecord['traffic'];

export const NO_USAGE: Usage = { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 };

export const addUsage = (a: Usage, b: Usage): Usage => each((key) => a[key] + b[key]);

export const mostOf = (a: Usage, b: Usage): Usage => each((key) => Math.max(a[key], b[key]));

/** `cause`: why it is over; null while it is not. */
export function accountingRecord(
  session: Session,
  facts: Pick<AccountingRecord, 'event' | 'at' | 'cause'> & { readonly usage: Usage },
): AccountingRecord {
  const { attributes, loginAt, openedAt, inside4, inside6 } = session;
  return {
    event: facts.event,
    at: facts.at,
    id: attributes.accounting?.id ?? ownId(loginAt, session.session),
    vhost: session.vhost,
    user: session.user,
    group: groupOf(session),
    peer: session.peer,
    userAgent: session.client.userAgent,
    inside4: inside4 && formatIp(inside4),
    inside6: inside6 && formatIp(inside6),
    durationMs: Math.max(0, facts.at - (openedAt ?? facts.at)),
    traffic: facts.usage,
    cause: facts.cause,
    attributes: attributes.accounting,
  };
}

/** Numbers begin anew with a new state.dir; together with the time they never come again. */
const ownId = (loginAt: EpochMs, session: number): string => `${loginAt.toString(16)}-${session}`;

const each = (value: (key: keyof Usage) => number): Usage => ({
  rxBytes: value('rxBytes'),
  rxPackets: value('rxPackets'),
  txBytes: value('txBytes'),
  txPackets: value('txPackets'),
});
