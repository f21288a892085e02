// A child that is well says so, also when it has nothing else to say.
import type { Milliseconds } from '../units.ts';

export interface AliveMessage {
  readonly kind: 'alive';
}

/** How often a child says it. */
export const ALIVE_INTERVAL_MS: Milliseconds = 5_000;
/**
 * A child whose event loop has not turned for so long serves nobody any more. Far above the longest
 * pause of a sound one, and below what clients wait for before they give a server up.
 */
export const SILENCE_LIMIT_MS: Milliseconds = 60_000;
