// Sums over a process and its successors. A process says what it has counted since it began; here it
// becomes what all of that name have counted, which never goes back.
//
//   worker-0: 10, 25, 40 ✝ 0, 5 …  ─►  10, 25, 40, 40, 45 …
import type { Numbers } from '../ipc/measures.ts';

interface Process {
  /** By pid: what it last said. Of plugins an old and a new one live side by side for a moment. */
  readonly last: Map<number, Map<string, number>>;
  readonly sums: Map<string, number>;
}

export class Totals {
  readonly #isKnown: (name: string) => boolean;
  readonly #processes = new Map<string, Process>();

  /** A child that was taken over must not fill our memory with names. */
  constructor(isKnown: (name: string) => boolean) {
    this.#isKnown = isKnown;
  }

  /** What one process of that name says now; what makes no sense is left out. */
  take(process: string, pid: number, said: Numbers): void {
    const { last: all, sums } = this.#processOf(process);
    const last = all.get(pid) ?? new Map<string, number>();
    all.set(pid, last);
    for (const [name, value] of Object.entries(said)) {
      if (!this.#isKnown(name) || !Number.isFinite(value)) continue;
      const more = value - (last.get(name) ?? 0);
      if (more < 0) continue;
      last.set(name, value);
      sums.set(name, (sums.get(name) ?? 0) + more);
    }
  }

  /** A successor begins at 0, whatever its pid. */
  gone(process: string, pid: number): void {
    this.#processOf(process).last.delete(pid);
  }

  of(process: string, name: string): number {
    return this.#processes.get(process)?.sums.get(name) ?? 0;
  }

  /** Of all processes together. */
  sum(name: string): number {
    return [...this.#processes.values()].reduce((sum, { sums }) => sum + (sums.get(name) ?? 0), 0);
  }

  #processOf(name: string): Process {
    const known = this.#processes.get(name);
    if (known !== undefined) return known;
    const fresh: Process = { last: new Map(), sums: new Map() };
    this.#processes.set(name, fresh);
    return fresh;
  }
}
