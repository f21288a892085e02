// Whether a file is another than before, without reading it.
import { statSync } from 'node:fs';

/** ctime: a copy that keeps the time of its original is new all the same. */
export function stateOf(path: string): string {
  const { ino, size, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return `${path} ${ino} ${size} ${ctimeMs}`;
}
