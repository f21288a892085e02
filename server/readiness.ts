// Whether the server takes new logins, said in one place: logins ask it, /readyz and the service
// manager tell it on, and a drain and the stop of the server decide it.
//
//   starting ── ready ──► ready ◄── resume ── draining ── stop ──► stopping
//                           └────── drain ──────►┘
import type { EpochMs } from '../core/units.ts';

export type ReadinessState = 'starting' | 'ready' | 'draining' | 'stopping';

type State =
  | { readonly kind: 'starting' | 'ready' | 'stopping' }
  /** `until`: then those tunnels are ended that are still there; null = never. */
  | { readonly kind: 'draining'; readonly until: EpochMs | null };

/** Hears each change, after it; must not throw. */
export type ReadinessListener = (readiness: Readiness) => void;

export class Readiness {
  #state: State = { kind: 'starting' };
  readonly #listeners: ReadinessListener[] = [];

  get state(): ReadinessState {
    return this.#state.kind;
  }

  /** Whether new logins are taken, and so whether a load balancer shall send some. */
  get ready(): boolean {
    return this.#state.kind === 'ready';
  }

  /** When the drain ends at the latest; null = it has no end, or there is none. */
  get drainsUntil(): EpochMs | null {
    return this.#state.kind === 'draining' ? this.#state.until : null;
  }

  /** For operators: one line, without a final newline. */
  get reason(): string {
    return REASONS[this.#state.kind];
  }

  /** `listener` hears every change from now on, for as long as the server runs. */
  onChange(listener: ReadinessListener): void {
    this.#listeners.push(listener);
  }

  /** The server has started, or is back from a drain. */
  setReady(): void {
    this.#change({ kind: 'ready' });
  }

  /** Until then new logins are refused and tunnels stay; called again, it moves the end; null = none. */
  setDraining(until: EpochMs | null): void {
    this.#change({ kind: 'draining', until });
  }

  /** For good. */
  setStopping(): void {
    this.#change({ kind: 'stopping' });
  }

  #change(next: State): void {
    if (this.#state.kind === 'stopping') return;
    this.#state = next;
    for (const listener of this.#listeners) listener(this);
  }
}

const REASONS: Readonly<Record<ReadinessState, string>> = {
  starting: 'starting: nobody can log in yet',
  ready: 'ready',
  draining: 'draining: new logins are refused, tunnels stay',
  stopping: 'stopping',
};
