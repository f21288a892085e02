// Questions to a child process whether it could live with new settings. They are asked before a
// reload changes anything: afterwards it would be too late to refuse.
import type { Milliseconds } from '../core/units.ts';

/** Building TLS contexts takes milliseconds; a machine that is busy takes longer. */
const ANSWER_MS: Milliseconds = 5_000;

interface Trial {
  readonly resolve: (problem: string | null) => void;
  readonly timer: NodeJS.Timeout;
}

export class Trials {
  readonly #name: string;
  readonly #trials = new Map<number, Trial>();
  #nextId = 1;

  /** `name`: whom an operator is told of: "worker 0". */
  constructor(name: string) {
    this.#name = name;
  }

  /** Resolves to why not; null = it could, or is gone: its successor starts with what is right then. */
  ask(send: (id: number) => void): Promise<string | null> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.answer(id, 'it does not answer');
      }, ANSWER_MS);
      this.#trials.set(id, { resolve, timer });
      send(id);
    });
  }

  answer(id: number, problem: string | null): void {
    const trial = this.#trials.get(id);
    if (trial === undefined) return;
    this.#trials.delete(id);
    clearTimeout(trial.timer);
    trial.resolve(problem === null ? null : `${this.#name}: ${problem}`);
  }

  /** The process is gone. */
  close(): void {
    for (const id of this.#trials.keys()) this.answer(id, null);
  }
}
