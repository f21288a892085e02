// The sending end of a channel between processes. In a storm of logins a write and a wake-up of the
// other process for every message cost more than the messages: those of one turn of the event loop
// leave together.

export interface OutboxComponents<Message> {
  /** Hands one message, or several in their order, to the channel. */
  readonly write: (messages: Message | readonly Message[]) => void;
  /** Calls back at the end of this turn of the event loop. */
  readonly atEndOfTurn: (flush: () => void) => void;
}

/** Keeps order; what is still in it when the process ends is lost: flush before. */
export class Outbox<Message> {
  readonly #components: OutboxComponents<Message>;
  #waiting: Message[] = [];

  constructor(components: OutboxComponents<Message>) {
    this.#components = components;
  }

  send(message: Message): void {
    if (this.#waiting.push(message) === 1) this.#components.atEndOfTurn(() => this.flush());
  }

  /** Now and not at the end of the turn; does nothing when nothing waits. */
  flush(): void {
    const messages = this.#waiting;
    const [first] = messages;
    if (first === undefined) return;
    this.#waiting = [];
    this.#components.write(messages.length === 1 ? first : messages);
  }
}

/** What an outbox has written, as the messages that were sent. */
export function unpack<Message extends object>(
  written: Message | readonly Message[],
): readonly Message[] {
  return Array.isArray(written) ? (written as readonly Message[]) : [written as Message];
}
