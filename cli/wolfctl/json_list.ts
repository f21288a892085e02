// A JSON array in pieces: of 10,000 records only some are there at a time.

/** So many records make a piece worth a system call. */
const PIECE = 64;

/** Writes what JSON.stringify with two blanks makes of the list, and a newline. */
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
    const piece = JSON.stringify(records, undefined, 2).slice(1, -2);
    write(`${at === 0 ? '[' : ','}${piece}`);
  }
  write('\n]\n');
}
