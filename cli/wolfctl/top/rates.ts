// From two listings of the sessions to what each moves a second.
import type { AdminSession } from '../../../core/ipc/admin.ts';
import type { Bytes, EpochMs, Milliseconds } from '../../../core/units.ts';

export interface TopRow {
  readonly id: number;
  readonly user: string;
  readonly group: string;
  /** Outside address. */
  readonly from: string;
  /** Inside address. */
  readonly address: string;
  readonly channel: string;
  readonly host: string;
  /** When its tunnel came up. */
  readonly since: EpochMs;
  readonly rxBytes: Bytes;
  readonly txBytes: Bytes;
  readonly packets: number;
  /** Bytes a second from the client; 0 until there are two listings. */
  readonly rxRate: number;
  /** Bytes a second to the client. */
  readonly txRate: number;
}

export interface Reading {
  /** Of a clock that never jumps. */
  readonly at: Milliseconds;
  readonly rows: ReadonlyMap<number, TopRow>;
  /** Of the sessions that both listings know. */
  readonly packetRate: number;
}

/** `previous`: undefined = this is the first listing. */
export function readingOf(
  sessions: readonly AdminSession[],
  at: Milliseconds,
  previous: Reading | undefined,
): Reading {
  const seconds = previous === undefined ? 0 : (at - previous.at) / 1000;
  const rows = new Map<number, TopRow>();
  let packets = 0;
  for (const session of sessions) {
    const before = previous?.rows.get(session.id);
    const row = rowOf(session, before, seconds);
    packets += gainOf(row.packets, before?.packets);
    rows.set(session.id, row);
  }
  return { at, rows, packetRate: perSecond(packets, seconds) };
}

function rowOf(session: AdminSession, before: TopRow | undefined, seconds: number): TopRow {
  const { connection } = session;
  const counters = countersOf(session, before);
  return {
    id: session.id,
    user: session.user,
    group: session.group,
    from: session.peer.address,
    address: session.address4 ?? session.address6 ?? '-',
    channel: connection?.live?.channel ?? '-',
    host: session.hostname,
    since: session.since,
    ...counters,
    rxRate: perSecond(gainOf(counters.rxBytes, before?.rxBytes), seconds),
    txRate: perSecond(gainOf(counters.txBytes, before?.txBytes), seconds),
  };
}

/** Without the word of its worker a session seems to have moved less than a second ago. */
function countersOf(
  { counters, connection }: AdminSession,
  before: TopRow | undefined,
): Pick<TopRow, 'rxBytes' | 'txBytes' | 'packets'> {
  if (before !== undefined && connection?.live === null) {
    const { rxBytes, txBytes, packets } = before;
    return { rxBytes, txBytes, packets };
  }
  const { rxBytes, txBytes, rxPackets, txPackets } = counters;
  return { rxBytes, txBytes, packets: rxPackets + txPackets };
}

/** A counter that fell began anew, when a worker died. */
const gainOf = (now: number, before: number | undefined): number =>
  before === undefined ? 0 : Math.max(0, now - before);

const perSecond = (count: number, seconds: number): number => (seconds > 0 ? count / seconds : 0);
