// The dialogues that are under way, by their id. Bounded: the oldest makes room for the newest,
// and what is long over is swept out. An id is all that a client needs to go on with a login, so
// it is as random as a cookie.
import { randomBytes } from 'node:crypto';
import type { DialogueState } from '../../core/auth_dialogue/state.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Conversation } from './backend.ts';

export interface DialogueTableOptions {
  readonly capacity: number;
  /** How long an expired dialogue is still known, so that a late reply is told why it is late. */
  readonly lingerMs: Milliseconds;
}

interface Dialogue {
  state: DialogueState;
  readonly vhost: string;
  /** The backend's side of an open challenge. */
  conversation: Conversation | null;
}

const ID_BYTES = 32;

export class DialogueTable {
  readonly #options: DialogueTableOptions;
  /** In order of age. */
  readonly #dialogues = new Map<string, Dialogue>();

  constructor(options: DialogueTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#dialogues.size;
  }

  /** null if there is no such dialogue. */
  state(id: string | null): DialogueState | null {
    return this.#find(id)?.state ?? null;
  }

  /** Where the dialogue began; null if there is no such dialogue. */
  vhost(id: string | null): string | null {
    return this.#find(id)?.vhost ?? null;
  }

  conversation(id: string | null): Conversation | null {
    return this.#find(id)?.conversation ?? null;
  }

  /**
   * Keeps the new state of a dialogue, forgets one whose state is null, and gives one that has no
   * (known) id a new one. Returns the id, null when there is nothing to remember.
   */
  put(id: string | null, state: DialogueState | null, vhost: string): string | null {
    const dialogue = this.#find(id);
    if (state === null) {
      if (id !== null) this.#delete(id);
      return null;
    }
    if (dialogue === null) return this.#add(state, vhost);
    dialogue.state = state;
    return id;
  }

  /** Holds the conversation of an open challenge and cancels the one that it takes over from. */
  hold(id: string | null, conversation: Conversation | null): void {
    const dialogue = this.#find(id);
    if (dialogue === null) {
      conversation?.cancel();
    } else if (dialogue.conversation !== conversation) {
      dialogue.conversation?.cancel();
      dialogue.conversation = conversation;
    }
  }

  /** Forgets what expired longer than `lingerMs` ago. */
  sweep(now: EpochMs): void {
    for (const [id, { state }] of this.#dialogues) {
      if (state.expiresAt + this.#options.lingerMs <= now) this.#delete(id);
    }
  }

  #find(id: string | null): Dialogue | null {
    return id === null ? null : (this.#dialogues.get(id) ?? null);
  }

  #add(state: DialogueState, vhost: string): string {
    const [oldest] = this.#dialogues.keys();
    if (oldest !== undefined && this.#dialogues.size >= this.#options.capacity) {
      this.#delete(oldest);
    }
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.#dialogues.set(id, { state, vhost, conversation: null });
    return id;
  }

  #delete(id: string): void {
    this.#dialogues.get(id)?.conversation?.cancel();
    this.#dialogues.delete(id);
  }
}
