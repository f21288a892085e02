// A set of whole numbers below 2^32 that answers "the first number from here on that is not in
// the set" in a handful of steps however full it is.
//
//   level 1   …0 1 0 0   a bit says that the whole word below is full
//                │
//   level 0   1111…1111   a bit says that the number is taken
//
// Words without a bit set are not stored: a pool of 2^32 addresses costs what its leases cost.

const WORD_BITS = 32;
const FULL = 0xffffffff;

export class SparseBitmap {
  readonly #size: number;
  /** Level 0 holds the numbers themselves; each level above, the full words of the one below. */
  readonly #levels: Map<number, number>[] = [];
  #count = 0;

  /** `size`: numbers 0 … size-1 may be set; 1 … 2^32. */
  constructor(size: number) {
    this.#size = size;
    for (let bits = size; this.#levels.length === 0 || bits > 1;) {
      this.#levels.push(new Map());
      bits = Math.ceil(bits / WORD_BITS);
    }
  }

  /** How many numbers are set. */
  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return (this.#word(0, wordOf(index)) & maskOf(index)) !== 0;
  }

  /** Sets a number; false when it was set already. */
  set(index: number): boolean {
    if (this.has(index)) return false;
    this.#count++;
    for (const level of this.#levels) {
      const word = ((level.get(wordOf(index)) ?? 0) | maskOf(index)) >>> 0;
      level.set(wordOf(index), word);
      if (word !== FULL) break;
      index = wordOf(index);
    }
    return true;
  }

  /** Clears a number; false when it was not set. */
  clear(index: number): boolean {
    if (!this.has(index)) return false;
    this.#count--;
    for (const level of this.#levels) {
      const before = level.get(wordOf(index)) ?? 0;
      const after = (before & ~maskOf(index)) >>> 0;
      if (after === 0) level.delete(wordOf(index));
      else level.set(wordOf(index), after);
      if (before !== FULL) break;
      index = wordOf(index);
    }
    return true;
  }

  /** The lowest number that is not set, from `from` upwards; undefined when there is none. */
  firstClear(from: number): number | undefined {
    let position = from;
    for (let level = 0; level < this.#levels.length; level++) {
      const free = ~this.#word(level, wordOf(position)) & (FULL << (position % WORD_BITS));
      if (free !== 0) return this.#descend(level, wordOf(position) * WORD_BITS + lowestBit(free));
      position = wordOf(position) + 1;
    }
    return undefined;
  }

  #descend(level: number, position: number): number | undefined {
    while (level > 0) {
      level--;
      position = position * WORD_BITS + lowestBit(~this.#word(level, position));
    }
    return position < this.#size ? position : undefined;
  }

  #word(level: number, index: number): number {
    return this.#levels[level]?.get(index) ?? 0;
  }
}

const wordOf = (index: number): number => Math.floor(index / WORD_BITS);

const maskOf = (index: number): number => (1 << (index % WORD_BITS)) >>> 0;

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);
