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

/** The lane of all that have failed before. */
const SUSPECTS = Symbol('suspects');

/** Where a check waits: a lane for each name, known or not, and one for all suspects. */
export type Lane = string | typeof SUSPECTS;

/** The lane of somebody who wants to log in. */
export const laneOf = ({ user, suspect }: { user: string; suspect?: boolean }): Lane =>
  suspect === true ? SUSPECTS : user;

/**
 * Lanes take turns, and within a lane it is first come, first served: who guesses at one account
 * delays that account, and who has guessed wrong before delays others of that kind.
 */
export class CheckQueue {
  readonly #limits: CheckQueueLimits;
  /** Insertion order is the order of the turns, and of the queue in a lane. */
  readonly #lanes = new Map<Lane, Set<() => void>>();
  #waiting = 0;
  #running = 0;

  constructor(limits: CheckQueueLimits) {
    this.#limits = limits;
  }

  /** Checks whose turn has not come. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `check` when its turn comes; one whose signal aborts before that never runs. */
  async run<T>(signal: AbortSignal, check: () => Promise<T>, lane: Lane = ''): Promise<Checked<T>> {
    if (signal.aborted) return { kind: 'aborted' };
    if (this.#running >= this.#limits.running) {
      if (this.#waiting >= this.#limits.waiting) return { kind: 'full' };
      if (!(await this.#turn(signal, lane))) return { kind: 'aborted' };
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
  #turn(signal: AbortSignal, lane: Lane): Promise<boolean> {
    return new Promise((resolve) => {
      const take = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        if (this.#leave(lane, take)) resolve(false);
      };
      const waiting = this.#lanes.get(lane);
      if (waiting === undefined) this.#lanes.set(lane, new Set([take]));
      else waiting.add(take);
      this.#waiting += 1;
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #leave(lane: Lane, take: () => void): boolean {
    const waiting = this.#lanes.get(lane);
    if (waiting?.delete(take) !== true) return false;
    if (waiting.size === 0) this.#lanes.delete(lane);
    this.#waiting -= 1;
    return true;
  }

  /** Gives our place to the next in the queue, so that nobody who comes later gets it first. */
  #handOver(): void {
    const [first] = this.#lanes;
    const [lane, waiting] = first ?? [];
    const [next] = waiting ?? [];
    if (lane === undefined || waiting === undefined || next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#leave(lane, next);
    // Behind the other lanes.
    if (this.#lanes.delete(lane)) this.#lanes.set(lane, waiting);
    next();
  }
}
