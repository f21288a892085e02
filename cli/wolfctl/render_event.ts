// An event of "wolfctl show events", for people.
import type { AdminEvent } from '../../core/ipc/admin_event.ts';
import type { AdminSession } from '../../core/ipc/admin.ts';
import { printable } from '../terminal/cells.ts';
import { reasonOf } from './records/event.ts';
import { formatBytes, formatDuration, formatTime } from './text.ts';

/** One line. */
export const renderEvent = (event: AdminEvent): string => `${printable(sentenceOf(event))}\n`;

function sentenceOf(event: AdminEvent): string {
  switch (event.kind) {
    case 'listening':
      return `${formatTime(event.at)}  listening; Ctrl-C ends`;
    case 'connected':
      return `${formatTime(event.at)}  ${who(event.session)} connected from ${event.session.peer.address}`;
    case 'disconnected': {
      const { rxBytes, txBytes } = event.session.counters;
      return `${formatTime(event.at)}  ${who(event.session)} disconnected after ${formatDuration(event.lastedMs)}: ${reasonOf(event)}; rx ${formatBytes(rxBytes)}, tx ${formatBytes(txBytes)}`;
    }
    case 'login-refused':
      return `${formatTime(event.at)}  a login from ${event.address} was refused`;
    case 'lost':
      return `${event.events} events were lost: they came faster than they were read`;
  }
}

const who = (session: AdminSession): string =>
  `${session.user} (id ${session.id}, ${session.address4 ?? session.address6 ?? 'no address'})`;
