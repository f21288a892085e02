/** The wish that the server stops: made once, it holds; made again, nobody waits any longer. */
export class StopRequest {
  /** Resolves with the first wish. */
  readonly whenMade: Promise<void>;
  private made = false;
  private resolve: () => void = () => undefined;
  private readonly onHurry: () => void;

  /** `onHurry` is called for every wish after the first. */
  constructor(onHurry: () => void) {
    this.onHurry = onHurry;
    this.whenMade = new Promise((resolve) => (this.resolve = resolve));
  }

  get isMade(): boolean {
    return this.made;
  }

  make(): void {
    if (this.made) this.onHurry();
    this.made = true;
    this.resolve();
  }
}
