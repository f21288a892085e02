// Entry of the worker process. The primary forks it with its descriptors in the stdio array, sends
// 'start', and hears 'ready' once the privileges are gone and the engine accepts. All modules are
// loaded before the sandbox closes: afterwards no file can be opened.
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { pino } from 'pino';
import { ALIVE_INTERVAL_MS } from '../core/ipc/alive.ts';
import type { PrimaryToWorker, WorkerToPrimary } from '../core/ipc/messages.ts';
import { Outbox, unpack } from '../core/ipc/outbox.ts';
import type { Logger } from '../core/log/logger.ts';
import { createEngine } from '../native/engine.ts';
import { system } from '../native/system.ts';
import { HTTP_LIMITS } from './limits.ts';
import { Worker } from './worker.ts';
import type { StartMessage } from './worker.ts';

const log = pino({ base: { process: 'worker' } }, pino.destination({ fd: 1, sync: true }));
const outbox = new Outbox<WorkerToPrimary>({ write, atEndOfTurn: setImmediate });
let worker: Worker | undefined;

// Ctrl-C reaches the whole process group; when to stop is the primary's decision.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('uncaughtException', die);
process.on('disconnect', () => {
  if (worker === undefined) process.exit(0);
  worker.primaryGone();
});
process.on('message', (written: PrimaryToWorker | readonly PrimaryToWorker[]) => {
  for (const message of unpack(written)) {
    if (message.kind !== 'start') worker?.handleMessage(message);
    else if (worker === undefined) start(message);
  }
});

function start(message: StartMessage): void {
  log.setBindings({ worker: message.worker });
  const components = {
    createEngine,
    openSocket: (fd: number) =>
      new Socket({ fd, readable: true, writable: true, allowHalfOpen: true }),
    send,
    exit: (code: number) => {
      outbox.flush();
      process.exit(code);
    },
    now: () => Date.now(),
    randomBytes,
    log,
  };
  worker = new Worker(components, message, HTTP_LIMITS);
  dropPrivileges(message);
  worker.start();
  setInterval(() => send({ kind: 'alive' }), ALIVE_INTERVAL_MS).unref();
}

function dropPrivileges({ user, sandbox, primaryPid }: StartMessage): void {
  if (user !== null) {
    process.setgroups?.([]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  // After the change of user, which makes the kernel forget it.
  system().dieWithParent(primaryPid);
  if (sandbox) system().enterSandbox('worker');
}

function send(message: WorkerToPrimary): boolean {
  if (!process.connected) return false;
  outbox.send(message);
  return true;
}

/** An error here is followed by 'disconnect', which ends the process. */
function write(messages: WorkerToPrimary | readonly WorkerToPrimary[]): void {
  if (process.connected) process.send?.(messages, undefined, undefined, () => undefined);
}

/** Says why, waits until the primary has it, and exits: a replacement is better than a cripple. */
function die(error: Error): void {
  const logger: Logger = log;
  logger.fatal({ event: 'worker.crashed', err: error }, 'the worker cannot go on');
  worker?.close();
  outbox.flush();
  const message: WorkerToPrimary = { kind: 'fatal', message: error.message };
  if (!process.connected || process.send === undefined) process.exit(1);
  process.send(message, undefined, undefined, () => process.exit(1));
}
