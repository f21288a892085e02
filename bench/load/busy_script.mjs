// Loaded into a server by NODE_OPTIONS=--import: keeps the JavaScript thread of every worker busy and
// its garbage collector too, nine tenths of the time, for the figure of what packets feel of it.
// Each burst is as long as the worst that a crowd of logins does to that thread.
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout } from 'node:timers';

const BURST_MS = 9;
const PAUSE_MS = 1;
/** Enough that young objects become old ones, and old ones garbage. */
const KEPT_OBJECTS = 200_000;

if (process.title.startsWith('wolfguard: worker')) {
  let kept = [];
  const burst = () => {
    const end = performance.now() + BURST_MS;
    while (performance.now() < end) {
      for (let i = 0; i < 1000; i += 1) kept.push({ i, text: `packet ${i}`, more: [i, i + 1] });
      if (kept.length > KEPT_OBJECTS) kept = [];
    }
    setTimeout(burst, PAUSE_MS).unref();
  };
  setTimeout(burst, PAUSE_MS).unref();
}
