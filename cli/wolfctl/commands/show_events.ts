// wolfctl show events: who comes and goes, as it happens.
import type { Command } from 'commander';
import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import { occtlEvent } from '../occtl/events.ts';
import { eventRecord } from '../records/event.ts';
import { renderEvent } from '../render_event.ts';
import type { CommandContext } from './context.ts';

export function addShowEvents(show: Command, context: CommandContext): void {
  const { follow, printLine, isDebug } = context;
  show
    .command('events')
    .description('who comes and goes, as it happens; with --json a document a line')
    .action(async () => {
      const logins = isDebug();
      const events = follow(logins ? { command: 'events', logins } : { command: 'events' });
      for await (const event of events) await tell(event);
    });

  const tell = (event: AdminEvent): Promise<void> =>
    printLine(
      eventRecord(event),
      () => renderEvent(event),
      () => occtlEvent(event),
    );
}
