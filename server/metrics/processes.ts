// What each process is and has said: sums over it and those before it, levels as of its last second.
import type { Measures } from '../../core/ipc/measures.ts';
import type { Buckets } from '../../core/metrics/family.ts';
import { Histogram } from '../../core/metrics/histogram.ts';
import { isKnownSum, LEVELS } from '../../core/metrics/sums.ts';
import type { Level } from '../../core/metrics/sums.ts';
import { Totals } from '../../core/metrics/totals.ts';

/** What a supervisor tells of its process. */
export interface ProcessObserver {
  spawned(pid: number): void;
  measured(pid: number, measures: Measures): void;
  /** It has said its last. */
  gone(pid: number): void;
}

/** From a turn that is quick to one that clients notice. */
const DELAY_BOUNDS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

type Levels = ReadonlyMap<Level, number>;

interface Process {
  pid: number | undefined;
  generations: number;
  levels: Levels;
  readonly delays: Histogram;
}

export interface ProcessView {
  readonly name: string;
  /** undefined: it is being replaced. */
  readonly pid: number | undefined;
  /** How many came after the first. */
  readonly restarts: number;
  readonly levels: Levels;
  /** Seconds. */
  readonly delays: Buckets;
}

export class Processes {
  readonly totals = new Totals(isKnownSum);
  readonly #processes = new Map<string, Process>();

  /** For the supervisor of the process of that name; a later one goes on where it was. */
  observe(name: string): ProcessObserver {
    const process = this.#processOf(name);
    return {
      spawned: (pid) => {
        process.pid = pid;
        process.generations++;
      },
      measured: (pid, { sums, levels }) => {
        this.totals.take(name, pid, sums);
        if (process.pid !== pid) return;
        process.levels = new Map(LEVELS.map((level) => [level, finite(levels[level])]));
        process.delays.observe((process.levels.get('loop_delay_ms') ?? 0) / 1000);
      },
      gone: (pid) => {
        this.totals.gone(name, pid);
        if (process.pid !== pid) return;
        process.pid = undefined;
        process.levels = new Map();
      },
    };
  }

  /** Of all processes together. */
  level(name: Level): number {
    return [...this.#processes.values()].reduce(
      (sum, { levels }) => sum + (levels.get(name) ?? 0),
      0,
    );
  }

  /** Those that there have been. */
  list(): ProcessView[] {
    const started = [...this.#processes].filter(([, { generations }]) => generations > 0);
    return started.map(([name, { pid, generations, levels, delays }]) => ({
      ...{ name, pid, levels },
      restarts: generations - 1,
      delays: delays.read(),
    }));
  }

  #processOf(name: string): Process {
    const known = this.#processes.get(name);
    if (known !== undefined) return known;
    const delays = new Histogram(DELAY_BOUNDS_SECONDS);
    const fresh: Process = { pid: undefined, generations: 0, levels: new Map(), delays };
    this.#processes.set(name, fresh);
    return fresh;
  }
}

const finite = (value: number | undefined): number =>
  value !== undefined && Number.isFinite(value) ? value : 0;
