// What a process says about its own JavaScript: event loop, heap, garbage collections, CPU. The rest
// the primary reads in /proc: a worker in its sandbox cannot.
import { constants, performance, PerformanceObserver } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { MEASURES_INTERVAL_MS } from '../core/ipc/measures.ts';
import type { Measures } from '../core/ipc/measures.ts';
import { CPU_MS, gcNames } from '../core/metrics/sums.ts';

/** What Node says of one, beyond its types. */
type GarbageCollection = PerformanceEntry & { readonly detail?: { readonly kind?: number } };

export class ProcessMeter {
  readonly #observer: PerformanceObserver;
  readonly #sums: Record<string, number> = {};
  #readAt = performance.now();

  /** Begins at once. */
  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#count(entry);
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /**
   * To be called by a timer every MEASURES_INTERVAL_MS: how late it is, is what anything that comes
   * at some moment has to wait. To look more often would cost more wake-ups than all the rest.
   */
  read(): Measures {
    const { used_heap_size: used, total_heap_size: total } = getHeapStatistics();
    const now = performance.now();
    const late = Math.max(0, now - this.#readAt - MEASURES_INTERVAL_MS);
    this.#readAt = now;
    const { user, system } = process.cpuUsage();
    return {
      sums: { ...this.#sums, [CPU_MS]: (user + system) / 1000 },
      levels: { heap_used: used, heap_total: total, loop_delay_ms: late },
    };
  }

  close(): void {
    this.#observer.disconnect();
  }

  #count({ duration, detail }: GarbageCollection): void {
    const minor = detail?.kind === constants.NODE_PERFORMANCE_GC_MINOR;
    const { runs, ms } = gcNames(minor ? 'minor' : 'major');
    this.#sums[runs] = (this.#sums[runs] ?? 0) + 1;
    this.#sums[ms] = (this.#sums[ms] ?? 0) + duration;
  }
}
