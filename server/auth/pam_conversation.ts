// A login with PAM, from one question for the person to the next. The first secret that the modules
// ask for is the password of the login form; whatever they ask beyond that goes to the person.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../core/units.ts';
import type { PamMessage, PamResult } from './pam_messages.ts';
import type { PamEnd, PamProcess } from './pam_process.ts';

/** Where a conversation comes to rest. */
export type PamStop =
  /** It goes on with `answer`. */
  | {
      readonly kind: 'question';
      /** What the modules said since the last question; '' = nothing. */
      readonly message: string;
      readonly label: string;
      readonly echo: boolean;
    }
  | {
      readonly kind: 'result';
      readonly result: PamResult;
      /** As the modules left it; '' if they refused. */
      readonly user: string;
      readonly groups: readonly { readonly gid: number; readonly name: string }[];
      /** How long a refusal is to be held back. */
      readonly delayMs: Milliseconds;
    }
  | PamEnd
  /** By us. */
  | { readonly kind: 'cancelled' };

// Modules clean up after the result; one that does not come to its end is not waited for.
const LEAVE_MS = 1000;
// What a person reads above a field.
const MAX_TEXT_CHARACTERS = 1000;

export class PamConversation {
  readonly #process: PamProcess;
  /** null: it has been given. */
  #password: string | null;
  #said: string[] = [];
  #cancelled = false;

  constructor(process: PamProcess, password: string) {
    this.#process = process;
    this.#password = password;
  }

  /** Lets the modules work until they need the person or are done; an abort cancels. */
  async advance(signal: AbortSignal): Promise<PamStop> {
    const cancel = (): void => this.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) this.cancel();
    try {
      const stop = await this.#untilStop();
      return this.#cancelled ? { kind: 'cancelled' } : stop;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** The answer to the question of the last stop. */
  answer(text: string): void {
    this.#process.answer(text);
  }

  /** Ends the process. Idempotent. */
  cancel(): void {
    this.#cancelled = true;
    this.#process.kill();
  }

  async #untilStop(): Promise<PamStop> {
    const found = { user: '', groups: [] as { gid: number; name: string }[], delayMs: 0 };
    for (;;) {
      const message = await this.#process.next();
      switch (message.kind) {
        case 'information':
          this.#said.push(message.text);
          break;
        case 'question': {
          const stop = this.#takeQuestion(message);
          if (stop !== null) return stop;
          break;
        }
        case 'delay':
          found.delayMs = Math.max(found.delayMs, message.delayMs);
          break;
        case 'user':
          found.user = message.name;
          break;
        case 'group':
          found.groups.push(message);
          break;
        case 'result':
          await this.#leave();
          return { ...found, kind: 'result', result: message.result };
        case 'end':
          return message;
      }
    }
  }

  /** null: it wanted the password and has got it. */
  #takeQuestion({ text, echo }: Extract<PamMessage, { kind: 'question' }>): PamStop | null {
    if (!echo && this.#password !== null) {
      this.#process.answer(this.#password);
      this.#password = null;
      return null;
    }
    const message = this.#said.map(readable).filter(Boolean).join('\n');
    this.#said = [];
    return { kind: 'question', message, label: readable(text), echo };
  }

  async #leave(): Promise<void> {
    const late = new AbortController();
    const patience = sleep(LEAVE_MS, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.#process.gone, patience]);
    late.abort();
    this.#process.kill();
  }
}

/** Modules write for a terminal. */
const readable = (text: string): string =>
  text
    .slice(0, MAX_TEXT_CHARACTERS)
    .replaceAll(/[^\P{Cc}\n]/gu, ' ')
    .trim();
