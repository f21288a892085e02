// Waiting for what another thread or the network does.
import { setTimeout as sleep } from 'node:timers/promises';

/** Generous: the sanitized build on a machine that does something else as well. */
const TIMEOUT_MS = 20_000;
const POLL_MS = 3;

/** The first value that is neither undefined nor false; throws naming `what` when none comes. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(POLL_MS);
  }
}
