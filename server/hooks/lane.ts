// At most so many jobs at a time; the others wait in their order.
import type { Milliseconds } from '../../core/units.ts';

export interface LaneOptions {
  readonly running: number;
  /** A job beyond these, or one that has waited for so long, is turned away. Absent: none is. */
  readonly patience?: { readonly waiting: number; readonly waitMs: Milliseconds };
}

export class Lane {
  readonly #options: LaneOptions;
  /** Called with true when it is their turn. */
  readonly #waiting = new Set<(itsTurn: boolean) => void>();
  #running = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** What `job` gives, which must not reject; undefined when it is turned away. */
  async run<T>(job: () => Promise<T>): Promise<T | undefined> {
    if (this.#running < this.#options.running) this.#running++;
    else if (!(await this.#turn())) return undefined;
    try {
      return await job();
    } finally {
      // The place goes to the next one: nobody can come in between.
      const [next] = this.#waiting;
      if (next === undefined) this.#running--;
      else next(true);
    }
  }

  #turn(): Promise<boolean> {
    const { patience } = this.#options;
    if (patience !== undefined && this.#waiting.size >= patience.waiting) {
      return Promise.resolve(false);
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (itsTurn: boolean): void => {
      clearTimeout(timer);
      this.#waiting.delete(settle);
      resolve(itsTurn);
    };
    const timer = patience && setTimeout(() => settle(false), patience.waitMs);
    this.#waiting.add(settle);
    return promise;
  }
}
