// top on a terminal: listings and keys go into the steps, what they ask for is done, the screen drawn.
import { setTimeout as sleep } from 'node:timers/promises';
import { WolfguardError } from '../../../core/error.ts';
import type { EpochMs, Milliseconds } from '../../../core/units.ts';
import type { Ask } from '../live_values.ts';
import { decodeKeys } from './keys.ts';
import type { SortKey } from './order.ts';
import { renderScreen } from './screen.ts';
import { ScreenOutput } from './screen_output.ts';
import type { Display, Keyboard } from './screen_output.ts';
import { firstState } from './state.ts';
import type { TopState } from './state.ts';
import { step } from './step.ts';
import type { TopEffect, TopInput } from './step.ts';

export interface TopComponents {
  readonly ask: Ask;
  readonly now: () => EpochMs;
}

export interface LiveTopComponents extends TopComponents {
  readonly input: Keyboard;
  readonly output: Display;
}

export interface TopOptions {
  readonly intervalMs: Milliseconds;
  readonly sort: SortKey;
}

/** A server that takes longer for a listing is shown as one that does not answer. */
const PATIENCE_MS: Milliseconds = 5_000;

/** The status is for the head only, and costs as much as half a listing: one in so many has it. */
export const LISTINGS_PER_STATUS = 5;

/** Signals that end a program and let it tidy up. */
const ENDINGS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** Resolves when the person quits, or the terminal goes; a signal ends the process as it would have. */
export async function runLiveTop(
  components: LiveTopComponents,
  { intervalMs, sort }: TopOptions,
): Promise<void> {
  const { input, output } = components;
  const screen = new ScreenOutput(input, output);
  const ended = new AbortController();
  const quit = (): void => ended.abort();
  // Signals end the process as they would have, after the terminal has been put in order.
  const killed = (signal: NodeJS.Signals): void => {
    screen.close();
    for (const each of ENDINGS) process.off(each, killed);
    quit();
    process.kill(process.pid, signal);
  };
  const top = new LiveTop(components, screen, firstState(screen.size, intervalMs, sort), quit);
  const pressed = (chunk: Buffer | string): void => top.press(chunk.toString());
  const resized = (): void => top.take({ kind: 'resized', size: screen.size });
  for (const signal of ENDINGS) process.on(signal, killed);
  input.on('data', pressed).on('end', quit).on('error', quit);
  output.on('resize', resized).on('error', quit);
  try {
    await top.run(ended.signal);
  } finally {
    input.off('data', pressed).off('end', quit).off('error', quit);
    output.off('resize', resized).off('error', quit);
    for (const signal of ENDINGS) process.off(signal, killed);
    screen.close();
  }
}

class LiveTop {
  readonly #components: LiveTopComponents;
  readonly #screen: ScreenOutput;
  readonly #quit: () => void;
  #state: TopState;
  #pause = new AbortController();

  constructor(
    components: LiveTopComponents,
    screen: ScreenOutput,
    state: TopState,
    quit: () => void,
  ) {
    this.#components = components;
    this.#screen = screen;
    this.#state = state;
    this.#quit = quit;
  }

  async run(ended: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) => {
      ended.addEventListener('abort', () => resolve());
    });
    this.#screen.draw(renderScreen(this.#state));
    for (let listing = 0; !ended.aborted; listing++) {
      const began = performance.now();
      // Another server may have come in the meantime.
      const withStatus = listing % LISTINGS_PER_STATUS === 0 || this.#state.lost !== null;
      const input = await Promise.race([this.#list(withStatus), over]);
      if (input === undefined) return;
      this.take(input);
      const tookMs = performance.now() - began;
      // A slow server has at least as long for others as for us.
      const restMs = Math.max(this.#state.intervalMs - tookMs, tookMs);
      this.#pause = new AbortController();
      const rest = sleep(restMs, undefined, { signal: this.#pause.signal }).catch(() => undefined);
      await Promise.race([rest, over]);
    }
    this.#pause.abort();
  }

  press(text: string): void {
    for (const key of decodeKeys(text)) this.take({ kind: 'key', key });
  }

  take(input: TopInput): void {
    const { state, effects } = step(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    this.#screen.draw(renderScreen(state));
  }

  #do(effect: TopEffect): void {
    switch (effect.kind) {
      case 'quit':
        this.#quit();
        break;
      case 'redraw':
        this.#screen.clear();
        break;
      case 'refresh':
        this.#pause.abort();
        break;
      case 'end':
        void this.#end(effect).then((message) => this.take({ kind: 'told', message }));
    }
  }

  async #end({ ending, id, user }: Extract<TopEffect, { kind: 'end' }>): Promise<string> {
    try {
      await this.#components.ask<'disconnect' | 'terminate'>({ command: ending, target: { id } });
      return `${user}, session ${id}: ${ending === 'disconnect' ? 'disconnected' : 'terminated'}`;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** Never rejects but for bugs. */
  async #list(withStatus: boolean): Promise<TopInput> {
    const { ask, now } = this.#components;
    const patience = new AbortController();
    try {
      const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
        throw new WolfguardError('TIMEOUT', 'the server does not answer');
      });
      const answers = Promise.all([
        ask<'users'>({ command: 'users' }),
        withStatus ? ask<'status'>({ command: 'status' }) : undefined,
      ]);
      const [sessions, status] = await Promise.race([answers, late]);
      return { kind: 'listed', sessions, status, at: performance.now(), now: now() };
    } catch (error) {
      return { kind: 'lost', reason: reasonOf(error) };
    } finally {
      patience.abort();
    }
  }
}

/** Throws what is a bug of ours. */
function reasonOf(error: unknown): string {
  if (error instanceof WolfguardError) return error.message;
  if (error instanceof Error && 'syscall' in error) return error.message;
  throw error;
}
