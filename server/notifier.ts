// What a service manager is told (sd_notify(3)): lines of NAME=VALUE, a datagram each time. Where
// nobody asked to be told, nothing is sent; what cannot be sent is lost, for nobody here could help.
import type { Milliseconds } from '../core/units.ts';
import type { System } from '../native/system.ts';

export class Notifier {
  private readonly send: (lines: readonly string[]) => void;

  /** `send` must not throw. */
  constructor(send: (lines: readonly string[]) => void) {
    this.send = send;
  }

  /** Clients can connect; also the end of a reload. */
  ready(pid: number): void {
    this.send(['READY=1', `MAINPID=${pid}`]);
  }

  /** One line for people: `systemctl status` shows it. */
  status(text: string): void {
    this.send([`STATUS=${text}`]);
  }

  /** A reload begins; `monotonicMicroseconds` tells it from one that has ended before. */
  reloading(monotonicMicroseconds: bigint): void {
    this.send(['RELOADING=1', `MONOTONIC_USEC=${monotonicMicroseconds}`]);
  }

  /** The end has begun, and may take so long: the manager's own limit is put off to then. */
  stopping(longestMs: Milliseconds): void {
    this.send(['STOPPING=1', `EXTEND_TIMEOUT_USEC=${longestMs * 1000}`]);
  }

  /** Says that all is well; without it for WATCHDOG_USEC the manager starts the service anew. */
  feedWatchdog(): void {
    this.send(['WATCHDOG=1']);
  }
}

/** Who wants to hear from this process, as its environment says. */
export interface ServiceManager {
  readonly notifier: Notifier;
  /** It waits no longer than this for feedWatchdog; undefined: it does not wait for it. */
  readonly watchdogMs: Milliseconds | undefined;
}

/** Reads NOTIFY_SOCKET and WATCHDOG_USEC, and takes them away: children are not to speak for us. */
export function takeServiceManager(
  environment: NodeJS.ProcessEnv,
  pid: number,
  { sendUnixDatagram }: Pick<System, 'sendUnixDatagram'>,
): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: limit, WATCHDOG_PID: watched } = environment;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) {
    Reflect.deleteProperty(environment, name);
  }
  if (socket === undefined || !/^[/@]./.test(socket)) return NOBODY;
  const send = (lines: readonly string[]): void => {
    try {
      sendUnixDatagram(socket, Buffer.from(lines.map((line) => `${line}\n`).join('')));
    } catch {
      // A name that is too long for a socket: nobody can be listening there.
    }
  };
  const isWatched = Number(limit) > 0 && (watched === undefined || Number(watched) === pid);
  return {
    notifier: new Notifier(send),
    watchdogMs: isWatched ? Number(limit) / 1000 : undefined,
  };
}

const NOBODY: ServiceManager = { notifier: new Notifier(() => undefined), watchdogMs: undefined };
