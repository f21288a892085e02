// How many password checks run at once, and how many wait. Each one takes a core for a while and
// argon2 19 MiB of memory: a login storm must queue up here and not in the kernel.

export interface CheckQueueLimits {
  readonly running: number;
  readonly waiting: number;
}

/** The check's result, or why it did not run. */
export type Checked<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'full' }
  | { readonly kind: 'aborted' };

/** First come, first served. */
export class CheckQueue {
  readonly #limits: CheckQueueLimits;
  /** Insertion order is the order of the queue. */
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(limits: CheckQueueLimits) {
    this.#limits = limits;
  }

  /** Runs `check` when its turn comes; one whose signal aborts before that never runs. */
  async run<T>(signal: AbortSignal, check: () => Promise<T>): Promise<Checked<T>> {
    if (signal.aborted) return { kind: 'aborted' };
    if (this.#running >= this.#limits.running) {
      if (this.#waiting.size >= this.#limits.waiting) return { kind: 'full' };
      if (!(await this.#turn(signal))) return { kind: 'aborted' };
    } else {
      this.#running += 1;
    }
    try {
      return { kind: 'done', value: await check() };
    } finally {
      this.#handOver();
    }
  }

  /** Resolves true when a place was handed to us, false when `signal` aborted first. */
  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const take = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        if (this.#waiting.delete(take)) resolve(false);
      };
      this.#waiting.add(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives our place to the next in the queue, so that nobody who comes later gets it first. */
  #handOver(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
