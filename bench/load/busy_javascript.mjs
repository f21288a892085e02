// Loaded into a server by NODE_OPTIONS=--import: the JavaScript of its workers never rests and
// makes garbage all the time, some of which lives long enough to be moved and marked.
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setImmediate, setTimeout } from 'node:timers';

/** As long as a slow callback of a bad day: whoever waits for JavaScript waits that long. */
const TURN_MS = 20;
/** So many lumps live at a time, about 60 MB: the collector of old objects is busy, too. */
const KEPT = 2000;
const LUMP = 1000;

if (process.argv[1]?.includes('/worker/app')) {
  const kept = new Array(KEPT);
  let next = 0;
  const turn = () => {
    const end = performance.now() + TURN_MS;
    while (performance.now() < end) {
      kept[next] = Array.from({ length: LUMP }, (_, n) => ({ n }));
      next = (next + 1) % KEPT;
    }
    setImmediate(turn);
  };
  // Not before it has started and taken its first messages.
  setTimeout(turn, 500).unref();
}
