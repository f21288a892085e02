// Which session is due next: a binary heap that knows where each session stands in it, so that a
// deadline can be moved or dropped in place. With lazy deletion instead, sessions that reconnect
// every few seconds would grow it without bound.
import type { EpochMs } from '../units.ts';

interface Entry {
  readonly session: number;
  readonly at: EpochMs;
}

export class Deadlines {
  readonly #heap: Entry[] = [];
  readonly #places = new Map<number, number>();

  /** Sets or moves a session's deadline; null removes it. */
  set(session: number, at: EpochMs | null): void {
    const place = this.#places.get(session);
    if (at === null) {
      if (place !== undefined) this.#removeAt(place);
    } else if (place === undefined) {
      this.#heap.push({ session, at });
      this.#rise(this.#heap.length - 1);
    } else {
      this.#heap[place] = { session, at };
      this.#settle(place);
    }
  }

  /** The earliest deadline. */
  first(): Entry | undefined {
    return this.#heap[0];
  }

  /** Removes all that are due, the earliest first, and returns their sessions. */
  takeDue(now: EpochMs): number[] {
    const due: number[] = [];
    for (let next = this.first(); next !== undefined && next.at <= now; next = this.first()) {
      this.#removeAt(0);
      due.push(next.session);
    }
    return due;
  }

  #removeAt(place: number): void {
    const last = this.#heap.pop();
    const removed = this.#heap[place] ?? last;
    if (removed !== undefined) this.#places.delete(removed.session);
    if (last !== undefined && place < this.#heap.length) {
      this.#heap[place] = last;
      this.#settle(place);
    }
  }

  #settle(place: number): void {
    this.#sink(this.#rise(place));
  }

  #rise(place: number): number {
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#at(parent) <= this.#at(place)) break;
      this.#swap(parent, place);
      place = parent;
    }
    this.#note(place);
    return place;
  }

  #sink(place: number): void {
    for (;;) {
      const left = 2 * place + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(place) <= this.#at(child)) break;
      this.#swap(place, child);
      place = child;
    }
    this.#note(place);
  }

  #at(place: number): EpochMs {
    return this.#heap[place]?.at ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
    this.#note(a);
    this.#note(b);
  }

  #note(place: number): void {
    const entry = this.#heap[place];
    if (entry !== undefined) this.#places.set(entry.session, place);
  }
}
