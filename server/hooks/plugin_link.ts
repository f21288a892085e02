// The primary's end of one generation of the plugin process. An event waits for a process that is
// ready; one that was with a process when it died has failed, since it may be what kills it.
import type {
  PluginEvent,
  PluginReply,
  PluginsToPrimary,
  PrimaryToPlugins,
} from '../../core/ipc/plugins.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { ChildLink } from '../supervisor.ts';

export type PluginOutcome = PluginReply | { readonly kind: 'timeout' | 'died' };

interface Pending {
  readonly id: number;
  readonly event: PluginEvent;
  readonly resolve: (outcome: PluginOutcome) => void;
  readonly timer: NodeJS.Timeout;
  sent: boolean;
}

export class PluginLink {
  readonly #start: Extract<PrimaryToPlugins, { kind: 'start' }>;
  readonly #pending = new Map<number, Pending>();
  /** Undefined while no process is ready. */
  #send: ((message: PrimaryToPlugins) => void) | undefined;
  #nextId = 1;

  constructor(start: Extract<PrimaryToPlugins, { kind: 'start' }>) {
    this.#start = start;
  }

  /** Never rejects. */
  put(event: PluginEvent, timeoutMs: Milliseconds): Promise<PluginOutcome> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, { kind: 'timeout' }), timeoutMs);
      const pending: Pending = { id, event, resolve, timer, sent: false };
      this.#pending.set(id, pending);
      this.#deliver(pending);
    });
  }

  /** The listener for one process, as the supervisor wants it. */
  attach(send: (message: PrimaryToPlugins) => void): ChildLink<PluginsToPrimary> {
    return {
      handleSpawned: () => send(this.#start),
      handleReady: () => {
        this.#send = send;
        for (const pending of this.#pending.values()) this.#deliver(pending);
      },
      handleMessage: (message) => {
        if (message.kind === 'reply') this.#settle(message.id, message.reply);
      },
      handleGone: () => {
        this.#send = undefined;
        for (const { id, sent } of this.#pending.values()) {
          if (sent) this.#settle(id, { kind: 'died' });
        }
      },
    };
  }

  #deliver(pending: Pending): void {
    if (this.#send === undefined || pending.sent) return;
    pending.sent = true;
    this.#send({ kind: 'event', id: pending.id, event: pending.event });
  }

  #settle(id: number, outcome: PluginOutcome): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    pending.resolve(outcome);
  }
}
