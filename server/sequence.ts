// Starting and stopping in order. A start is an array of named steps; what a step set up, the
// function that it returns takes away again. Stopping runs those functions backwards.

/** Takes away what its step set up. Called once. */
export type Undo = () => void | Promise<void>;

export interface Step {
  /** What is being set up, for the log: "TUN device". */
  readonly name: string;
  readonly start: () => Undo | undefined | Promise<Undo | undefined>;
}

/** Told when taking a step back failed; the steps before it are taken back all the same. */
export type UndoFailed = (step: string, error: unknown) => void;

/** A started sequence; `stop` is idempotent and waits for the first call's end. */
export interface Running {
  stop(): Promise<void>;
}

/**
 * Runs the steps in order. When one fails, those before it are taken back and its error is
 * thrown. `onStep` hears the name of each step before it runs.
 */
export async function startInOrder(
  steps: readonly Step[],
  onUndoFailed: UndoFailed,
  onStep: (name: string) => void = () => undefined,
): Promise<Running> {
  const done: { name: string; undo: Undo }[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= undoAll(done, onUndoFailed));
  try {
    for (const step of steps) {
      onStep(step.name);
      const undo = await step.start();
      if (undo !== undefined) done.push({ name: step.name, undo });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function undoAll(
  done: { name: string; undo: Undo }[],
  onUndoFailed: UndoFailed,
): Promise<void> {
  for (const { name, undo } of done.toReversed()) {
    try {
      await undo();
    } catch (error) {
      onUndoFailed(name, error);
    }
  }
}
