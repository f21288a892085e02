// Packet threads that are calm become urgent again (docs/adr/0008-urgent-while-calm.md). A worker has
// no privilege for that, and is not believed: it gets it for a packet thread of its own only.
import { readFileSync } from 'node:fs';
import type { Logger } from '../core/log/logger.ts';
import type { System } from '../native/system.ts';

export interface UrgencyComponents {
  readonly system: Pick<System, 'makeUrgent'>;
  /** null: there is none at the moment. */
  readonly workerPid: (worker: number) => number | null;
  /** The name of a thread of that process; undefined: it has no such thread. */
  readonly threadName: (pid: number, thread: number) => string | undefined;
  readonly logger: Pick<Logger, 'debug'>;
}

/** As native/src/packet_loop.cc calls its thread. */
const PACKET_THREAD = 'wolf-packets';

export class Urgency {
  readonly #components: UrgencyComponents;

  constructor(components: UrgencyComponents) {
    this.#components = components;
  }

  /** Makes that thread urgent if it is a packet thread of the worker. Asks for nothing in return. */
  grant(worker: number, thread: number): void {
    const { system, workerPid, threadName: nameOf, logger } = this.#components;
    const pid = workerPid(worker);
    if (pid === null || !Number.isInteger(thread)) return;
    // A worker that has just been replaced, for example.
    if (nameOf(pid, thread) !== PACKET_THREAD) return;
    try {
      system.makeUrgent(thread);
    } catch (error) {
      logger.debug({ err: error, worker }, 'the packet thread stays as it is');
    }
  }
}

/** As UrgencyComponents wants it. */
export function threadName(pid: number, thread: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}
