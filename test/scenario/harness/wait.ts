// Waiting without guessing: a condition is asked again until it holds or its time is over.
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Often enough to be quick, seldom enough to cost nothing beside the programs under test. */
const POLL_MS = 50;

/**
 * Resolves with the first value of `probe` that is neither false, null nor undefined; a probe that
 * throws counts as "not yet". Rejects after `timeoutMs` with `what` and the last error.
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  probe: () => T | Promise<T>,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  let last = 'the condition did not hold';
  for (;;) {
    try {
      const value = await probe();
      if (value !== false && value !== null && value !== undefined) {
        return value as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${timeoutMs} ms: ${last}`);
    await sleep(POLL_MS);
  }
}

/** Rejects with `what` when `promise` takes longer than `timeoutMs`. */
export async function within<T>(what: string, timeoutMs: number, promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: timer.signal }).then(
    () => {
      throw new Error(`${what}: not within ${timeoutMs} ms`);
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
