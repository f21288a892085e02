// What a process says about its own JavaScript: event loop, heap, garbage collections, CPU. The rest
// the primary reads in /proc: a worker in its sandbox cannot.
import { constants, performance, PerformanceObserver } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Measures } from '../core/ipc/measures.ts';
import { CPU_MS, gcNames } from '../core/metrics/sums.ts';
import type { Milliseconds } from '../core/units.ts';

/**
 * 10 wake-ups a second: a share of a core that nobody finds again. monitorEventLoopDelay of Node
 * would miss what lies across its reset.
 */
const LOOK_MS: Milliseconds = 100;

/** What Node says of one, beyond its types. */
type GarbageCollection = PerformanceEntry & { readonly detail?: { readonly kind?: number } };

export class ProcessMeter {
  readonly #clock: NodeJS.Timeout;
  readonly #observer: PerformanceObserver;
  readonly #sums: Record<string, number> = {};
  #looked = performance.now();
  #longest: Milliseconds = 0;

  /** Begins at once. */
  constructor() {
    this.#clock = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#count(entry);
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** The delay is the longest one since the last reading. */
  read(): Measures {
    const { used_heap_size: used, total_heap_size: total } = getHeapStatistics();
    const longest = this.#longest;
    this.#longest = 0;
    const { user, system } = process.cpuUsage();
    return {
      sums: { ...this.#sums, [CPU_MS]: (user + system) / 1000 },
      levels: { heap_used: used, heap_total: total, loop_delay_ms: longest },
    };
  }

  close(): void {
    clearInterval(this.#clock);
    this.#observer.disconnect();
  }

  #look(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#looked - LOOK_MS);
    this.#looked = now;
  }

  #count({ duration, detail }: GarbageCollection): void {
    const minor = detail?.kind === constants.NODE_PERFORMANCE_GC_MINOR;
    const { runs, ms } = gcNames(minor ? 'minor' : 'major');
    this.#sums[runs] = (this.#sums[runs] ?? 0) + 1;
    this.#sums[ms] = (this.#sums[ms] ?? 0) + duration;
  }
}
