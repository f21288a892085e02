// Starting and stopping in order. A start is a sequence of named steps; what a step made, its undo
// takes away again. Stopping runs the undos backwards.

/** Told when taking a step back failed; the steps before it are taken back all the same. */
export type UndoFailed = (step: string, error: unknown) => void;

export interface SequenceOptions {
  /** Hears the name of each step before it runs; what it throws ends the start. */
  readonly beforeStep: (name: string) => void;
  readonly undoFailed: UndoFailed;
}

export class Sequence {
  private readonly done: { readonly name: string; readonly undo: () => void | Promise<void> }[] =
    [];
  private stopping: Promise<void> | undefined;
  private readonly options: SequenceOptions;

  constructor(options: SequenceOptions) {
    this.options = options;
  }

  /**
   * Runs one step and hands on what it made. A step that throws leaves nothing behind itself; who
   * runs the sequence then calls `stop` for those before it.
   */
  async step<T>(
    name: string,
    start: () => T | Promise<T>,
    undo?: (made: T) => void | Promise<void>,
  ): Promise<T> {
    this.options.beforeStep(name);
    const made = await start();
    if (undo !== undefined) this.done.push({ name, undo: () => undo(made) });
    return made;
  }

  /** Takes all steps back, the last one first. Idempotent: waits for the first call's end. */
  stop(): Promise<void> {
    this.stopping ??= this.undoAll();
    return this.stopping;
  }

  private async undoAll(): Promise<void> {
    for (const { name, undo } of this.done.toReversed()) {
      try {
        await undo();
      } catch (error) {
        this.options.undoFailed(name, error);
      }
    }
  }
}
