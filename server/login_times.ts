// How long logins take, from the first question to the cookie: people who type are part of it.
import type { LoginReply, LoginRequest } from '../core/ipc/messages.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';

/** Dialogues that are never finished make room for new ones: about 100 bytes each. */
const MAX_DIALOGUES = 10_000;

export class LoginTimes {
  /** By dialogue, when it began; the oldest first. */
  readonly #began = new Map<string, EpochMs>();
  #logins = 0;
  #totalMs: Milliseconds = 0;
  #longestMs: Milliseconds = 0;

  get averageMs(): Milliseconds {
    return this.#logins === 0 ? 0 : this.#totalMs / this.#logins;
  }

  get longestMs(): Milliseconds {
    return this.#longestMs;
  }

  /** Answers a step of a login by `answer`, and notes how long the login has taken if that ends it. */
  async measure(
    { dialogue }: Pick<LoginRequest, 'dialogue'>,
    answer: () => Promise<LoginReply>,
    now: () => EpochMs,
  ): Promise<LoginReply> {
    const began = (dialogue === null ? undefined : this.#began.get(dialogue)) ?? now();
    const reply = await answer();
    if (dialogue !== null) this.#began.delete(dialogue);
    if (reply.kind === 'form' && reply.dialogue !== null) this.#remember(reply.dialogue, began);
    if (reply.kind === 'complete') this.#note(now() - began);
    return reply;
  }

  #remember(dialogue: string, began: EpochMs): void {
    this.#began.set(dialogue, began);
    if (this.#began.size <= MAX_DIALOGUES) return;
    const [oldest] = this.#began.keys();
    if (oldest !== undefined) this.#began.delete(oldest);
  }

  #note(tookMs: Milliseconds): void {
    this.#logins++;
    this.#totalMs += tookMs;
    this.#longestMs = Math.max(this.#longestMs, tookMs);
  }
}
