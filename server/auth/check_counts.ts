// What back ends have answered, and how long they took for it; for [metrics].
import type { Numbers } from '../../core/ipc/measures.ts';
import { Durations } from '../../core/metrics/durations.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { Round } from './backend.ts';

interface Counts {
  readonly took: Durations;
  readonly answers: Map<Round['kind'], number>;
}

export class CheckCounts {
  readonly #backends = new Map<string, Counts>();

  add(backend: string, answer: Round['kind'], took: Milliseconds): void {
    const { took: durations, answers } = this.#countsOf(backend);
    durations.add(took);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }

  /** By the names of core/metrics/sums.ts. */
  get sums(): Numbers {
    const entries = [...this.#backends].flatMap(([backend, { took, answers }]) => [
      ...[...answers].map(([answer, count]) => [`auth.${backend}.${answer}`, count] as const),
      ...Object.entries(took.sums),
    ]);
    return Object.fromEntries(entries);
  }

  #countsOf(backend: string): Counts {
    const known = this.#backends.get(backend);
    if (known !== undefined) return known;
    const fresh: Counts = { took: new Durations(`auth.${backend}`), answers: new Map() };
    this.#backends.set(backend, fresh);
    return fresh;
  }
}
