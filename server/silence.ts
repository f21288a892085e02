// Notices that a child says nothing for too long. It counts its own turns instead of the time: when
// it was this process that was held up, or the whole machine, nobody could be heard meanwhile.
import type { Milliseconds } from '../core/units.ts';

const TURNS = 12;

export class Silence {
  readonly #timer: NodeJS.Timeout;
  #turns = 0;

  /** `onSilent` is called once per silence, and again after as long a time without a word. */
  constructor(limitMs: Milliseconds, onSilent: () => void) {
    this.#timer = setInterval(() => {
      this.#turns += 1;
      if (this.#turns <= TURNS) return;
      this.#turns = 0;
      onSilent();
    }, limitMs / TURNS).unref();
  }

  heard(): void {
    this.#turns = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
