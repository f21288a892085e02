// What a reader of events has not taken yet. A slow one loses the oldest events and is told how many.
import { encodeAdminEvent } from '../core/ipc/admin_event.ts';
import type { Bytes } from '../core/units.ts';

export interface EventSink {
  /** Returns false when it wants no more for now; call drained() when it does again. */
  readonly write: (line: string) => boolean;
}

/** Some 700 events. */
export const MAX_QUEUED_EVENT_BYTES: Bytes = 1024 * 1024;

export class EventQueue {
  readonly #sink: EventSink;
  readonly #maxBytes: Bytes;
  readonly #waiting: string[] = [];
  #waitingBytes: Bytes = 0;
  #lost = 0;
  #isBlocked = false;

  constructor(sink: EventSink, maxBytes: Bytes = MAX_QUEUED_EVENT_BYTES) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** What lies here; what the sink holds is not counted. */
  get waitingBytes(): Bytes {
    return this.#waitingBytes;
  }

  push(line: string): void {
    if (!this.#isBlocked) {
      this.#isBlocked = !this.#sink.write(line);
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += Buffer.byteLength(line);
    while (this.#waitingBytes > this.#maxBytes) {
      this.#waitingBytes -= Buffer.byteLength(this.#waiting.shift() ?? '');
      this.#lost++;
    }
  }

  /** The sink takes more. */
  drained(): void {
    this.#isBlocked = false;
    if (this.#lost > 0) {
      const notice = encodeAdminEvent({ kind: 'lost', events: this.#lost });
      this.#lost = 0;
      this.#isBlocked = !this.#sink.write(notice);
    }
    while (!this.#isBlocked && this.#waiting.length > 0) {
      const line = this.#waiting.shift() ?? '';
      this.#waitingBytes -= Buffer.byteLength(line);
      this.#isBlocked = !this.#sink.write(line);
    }
  }
}
