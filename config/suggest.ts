// The nearest valid word to one that was mistyped.

/** The candidate that the word is most likely meant to be; undefined when none is near. */
export function nearest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const wanted = fold(word);
  let best: T | undefined;
  // A third of the letters may be wrong: "keep_alive" finds "keepalive", "colour" finds nothing.
  let least = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const candidate of candidates) {
    const folded = fold(candidate);
    if (Math.abs(folded.length - wanted.length) >= least) continue;
    const distance = editDistance(wanted, folded);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Letters typed, dropped, added or swapped with their neighbour to get from one to the other. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** Case, hyphens and underscores are the commonest slips and count for nothing. */
const fold = (word: string): string =>
  word
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '')
    .slice(0, 64);
