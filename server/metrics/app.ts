// Entry of the metrics process: it inherits the listening sockets, gives up root and enters the
// sandbox before it takes the first connection, and knows nothing but what it asks of the primary
// (docs/adr/0012-metrics.md). It lives no longer than its channel to the primary.
import { once } from 'node:events';
import process from 'node:process';
import { pino } from 'pino';
import { ALIVE_INTERVAL_MS } from '../../core/ipc/alive.ts';
import { MEASURES_INTERVAL_MS } from '../../core/ipc/measures.ts';
import type { MetricsToPrimary, PrimaryToMetrics } from '../../core/ipc/metrics.ts';
import { Outbox, unpack } from '../../core/ipc/outbox.ts';
import type { Logger } from '../../core/log/logger.ts';
import { ProcessMeter } from '../../native/process_meter.ts';
import { system } from '../../native/system.ts';
import { createPageServer } from './page_server.ts';
import { PrimaryAsker } from './primary_asker.ts';

type Start = Extract<PrimaryToMetrics, { kind: 'start' }>;

const log: Logger = pino({ base: { process: 'metrics' } }, pino.destination({ fd: 1, sync: true }));
const outbox = new Outbox<MetricsToPrimary>({ write, atEndOfTurn: setImmediate });
const asker = new PrimaryAsker({
  send: (message) => outbox.send(message),
  now: () => performance.now(),
});

// Ctrl-C and service managers signal the whole group; the primary says when we end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', die);
process.on('message', (written: PrimaryToMetrics | readonly PrimaryToMetrics[]) => {
  for (const message of unpack(written)) {
    if (message.kind === 'start') void start(message).catch(die);
    else asker.handleAnswer(message);
  }
});

async function start({ listeners, user, sandbox, primaryPid, logLevel }: Start): Promise<void> {
  log.level = logLevel;
  const meter = new ProcessMeter();
  dropPrivileges(user, primaryPid);
  // What comes in while we are on our way waits in the socket: nothing is read before "ready".
  const listening = listeners.map((fd) =>
    once(createPageServer(asker).listen({ fd }), 'listening'),
  );
  // Behind listen(2), which it forbids.
  if (sandbox) system().enterSandbox('worker');
  await Promise.all(listening);
  outbox.send({ kind: 'ready' });
  setInterval(() => outbox.send({ kind: 'alive' }), ALIVE_INTERVAL_MS).unref();
  const measure = (): void => outbox.send({ kind: 'measures', ...meter.read() });
  setInterval(measure, MEASURES_INTERVAL_MS).unref();
}

function dropPrivileges(user: Start['user'], primaryPid: number): void {
  process.setgroups?.([]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
  // After the change of user, which makes the kernel forget it.
  system().dieWithParent(primaryPid);
}

/** An error here is followed by 'disconnect', which ends the process. */
function write(messages: MetricsToPrimary | readonly MetricsToPrimary[]): void {
  if (process.connected) process.send?.(messages, undefined, undefined, () => undefined);
}

function die(error: unknown): void {
  log.fatal({ event: 'metrics.crashed', err: error }, 'the metrics process cannot go on');
  const message: MetricsToPrimary = { kind: 'fatal', message: (error as Error).message };
  if (!process.connected || process.send === undefined) process.exit(1);
  process.send(message, undefined, undefined, () => process.exit(1));
}
