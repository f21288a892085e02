import type { EpochMs, Milliseconds } from '../core/units.ts';

/**
 * `npm start` passes on the Ctrl-C that the terminal has sent to everybody already: one keypress,
 * two signals. A person who is impatient takes longer.
 */
export const SAME_KEYPRESS_MS: Milliseconds = 500;

/** The wish that the server stops: made once, it holds; made again, nobody waits any longer. */
export class StopRequest {
  /** Resolves with the first wish. */
  readonly whenMade: Promise<void>;
  private madeAt: EpochMs | undefined;
  private resolve: () => void = () => undefined;
  private readonly onHurry: () => void;

  /** `onHurry` is called for every wish after the first. */
  constructor(onHurry: () => void) {
    this.onHurry = onHurry;
    this.whenMade = new Promise((resolve) => (this.resolve = resolve));
  }

  get isMade(): boolean {
    return this.madeAt !== undefined;
  }

  make(now: EpochMs): void {
    if (this.madeAt === undefined) {
      this.madeAt = now;
      this.resolve();
    } else if (now - this.madeAt > SAME_KEYPRESS_MS) this.onHurry();
  }
}
