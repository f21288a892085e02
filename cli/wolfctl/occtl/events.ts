// Events of wolfctl when it is called as occtl.
import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import type { AdminSession } from '../../../core/ipc/admin.ts';
import { reasonOf } from '../records/event.ts';
import { formatAge, nameOf, vhostOf } from '../records/record.ts';
import { printable } from '../../terminal/cells.ts';

/** One line. */
export function occtlEvent(event: AdminEvent): string {
  switch (event.kind) {
    case 'listening':
      return '\nPress CTRL+C to quit\n\n';
    case 'connected':
      return `${vhostOf(event.session)}: connected ${who(event.session)}\n`;
    case 'disconnected':
      return `${vhostOf(event.session)}: disconnect ${who(event.session)} (reason: ${reasonOf(event)}, time: ${formatAge(event.lastedMs)})\n`;
    case 'login-refused':
      return `${vhostOf(event)}: login refused from ${event.address}\n`;
    case 'lost':
      return `${event.events} events were lost: they came faster than they were read\n`;
  }
}

const who = (session: AdminSession): string =>
  printable(
    `user '${nameOf(session.user)}' (${session.id}) from ${session.peer.address} with IP ${session.address4 ?? session.address6 ?? '-'}`,
  );
