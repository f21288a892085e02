// A JSON array in pieces: of 10,000 records only some are there at a time.
import { renderJson } from '../terminal/json.ts';

/** So many records make a piece worth a system call. */
const PIECE = 64;

/** Writes what renderJson makes of the list. */
export function writeJsonList<T>(
  items: readonly T[],
  recordOf: (item: T) => unknown,
  write: (text: string) => void,
): void {
  if (items.length === 0) {
    write('[]\n');
    return;
  }
  for (let at = 0; at < items.length; at += PIECE) {
    const records = items.slice(at, at + PIECE).map(recordOf);
    // Without its brackets, which belong to the whole list.
    const piece = renderJson(records).slice(1, -3);
    write(`${at === 0 ? '[' : ','}${piece}`);
  }
  write('\n]\n');
}
