// A queue whose members know their place: push, remove and first take the same time however long it
// is. A Map would do but for first(), which walks over everything that was ever deleted in front.

/** What a member carries; the queue alone writes it. */
export interface Linked<T> {
  before: T | undefined;
  behind: T | undefined;
}

/** A member is in at most one queue; to push one that is in a queue already is a bug. */
export class Queue<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  push(member: T): void {
    member.before = this.#last;
    member.behind = undefined;
    if (this.#last === undefined) this.#first = member;
    else this.#last.behind = member;
    this.#last = member;
  }

  remove(member: T): void {
    const { before, behind } = member;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    member.before = undefined;
    member.behind = undefined;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let member = this.#first; member !== undefined; member = member.behind) yield member;
  }
}
