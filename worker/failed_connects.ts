// Connections that came to nothing, by the address of the peer: handed on once a second, so that a
// flood of them is a message and not thousands.
import type { PrimaryChannel } from './primary_channel.ts';

export interface FailedConnectsComponents {
  readonly channel: Pick<PrimaryChannel, 'tell'>;
}

export class FailedConnects {
  readonly #channel: FailedConnectsComponents['channel'];
  #counts = new Map<string, number>();

  constructor({ channel }: FailedConnectsComponents) {
    this.#channel = channel;
  }

  /** Counts until the next report. */
  note(address: string, count = 1): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + count);
  }

  /** Tells the primary what has gathered. */
  report(): void {
    if (this.#counts.size === 0) return;
    this.#channel.tell({ kind: 'failed-connects', counts: [...this.#counts] });
    this.#counts = new Map();
  }
}
