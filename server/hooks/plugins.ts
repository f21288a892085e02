// The plugins as the primary sees them: one process for all, replaced when it dies, and by a newly
// loaded one at each reload. Nothing of theirs runs in the primary or near the packets.
//
//   reload ─► the new process loads the files ─► ready: with all else, events go there
//                                      └─► it cannot: the reload is refused, the old one goes on
import type { ChildProcess } from 'node:child_process';
import { WolfguardError } from '../../core/error.ts';
import type { PluginEvent, PluginsToPrimary, PrimaryToPlugins } from '../../core/ipc/plugins.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { SessionInfo } from '../../core/plugin/plugin.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { CheckResult } from '../gate.ts';
import type { ProcessObserver } from '../metrics/processes.ts';
import { Supervisor } from '../supervisor.ts';
import { Lane } from './lane.ts';
import { PluginLink } from './plugin_link.ts';
import type { PluginOutcome } from './plugin_link.ts';

export interface PluginSettings {
  /** Files, in the order in which they are asked. */
  readonly plugins: readonly string[];
  /** For one event, all plugins together. */
  readonly timeout: Milliseconds;
}

export interface PluginsComponents {
  /** As they are now. */
  readonly settings: () => PluginSettings;
  readonly fork: () => ChildProcess;
  /** What a process is told at its start, but for the files. */
  readonly start: () => Omit<
    Extract<PrimaryToPlugins, { kind: 'start' }>,
    'kind' | 'files' | 'measure'
  >;
  /** Why this file must not be loaded; undefined = it may. */
  readonly trouble: (file: string) => string | undefined;
  readonly logger: Logger;
  readonly now: () => EpochMs;
  /** Where [metrics] is on. */
  readonly observer?: ProcessObserver | undefined;
}

/** What a reload has loaded; one of the two is to be called. */
export interface PreparedPlugins {
  readonly commit: () => void;
  readonly abandon: () => void;
}

interface Generation {
  readonly link: PluginLink;
  readonly supervisor: Supervisor<PrimaryToPlugins, PluginsToPrimary>;
}

/** Loading TypeScript on a busy machine, and what a plugin does first. */
const READY_TIMEOUT_MS: Milliseconds = 15_000;
const GRACE_MS: Milliseconds = 1000;
/** A plugin that computes for so long at a time answers nobody: much less than for our own processes. */
const SILENCE_MS: Milliseconds = 20_000;
/** Events with the process at a time: they wait for other servers more than for this machine. */
const RUNNING = 256;
/** Clients that wait longer give up. */
const PATIENCE = { waiting: 1000, waitMs: 60_000 } as const;
/** More than a reason that a person reads. */
const MAX_REASON_LENGTH = 200;

const NOT_THERE: PluginOutcome = { kind: 'died' };
const BROKEN = 'The server could not check the connection: try again later';

export class Plugins {
  readonly #components: PluginsComponents;
  #current: Generation | undefined;
  /** Loaded by a reload that is not through yet. */
  readonly #waiting = new Set<Generation>();
  readonly #retiring = new Set<Generation>();
  readonly #connects = new Lane({ running: RUNNING, patience: PATIENCE });
  /** Apart: a thousand disconnects at a time must not hold up who wants to come in. */
  readonly #others = new Lane({ running: RUNNING });

  constructor(components: PluginsComponents) {
    this.#components = components;
  }

  get pid(): number | undefined {
    return this.#current?.supervisor.pid;
  }

  /** Throws WolfguardError when a plugin cannot be loaded. */
  async start(): Promise<void> {
    this.#current = await this.#load(this.#components.settings().plugins);
  }

  /**
   * For a reload, one at a time: loads these files in a process of their own, which hears of nothing
   * before `commit`. Throws WolfguardError when a plugin cannot be loaded.
   */
  async prepare(files: readonly string[]): Promise<PreparedPlugins> {
    const next = await this.#load(files);
    if (next !== undefined) this.#waiting.add(next);
    return {
      commit: () => {
        this.#waiting.clear();
        const before = this.#current;
        this.#current = next;
        if (next !== undefined)
          this.#components.logger.info(
            { event: 'plugins.loaded', pid: this.pid },
            'plugins loaded',
          );
        if (before !== undefined) this.#retire(before);
      },
      abandon: () => {
        this.#waiting.clear();
        void next?.supervisor.stop(null, GRACE_MS);
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map(({ supervisor }) => supervisor.stop(null, GRACE_MS)));
  }

  /** Shortens a stop. */
  kill(): void {
    for (const { supervisor } of this.#all()) supervisor.kill();
  }

  /** All plugins say yes, or there are none. */
  async connect(session: SessionInfo): Promise<CheckResult> {
    if (this.#components.settings().plugins.length === 0) return { kind: 'passed' };
    const outcome = await this.#connects.run(() => this.#put({ kind: 'connect', session }));
    if (outcome?.kind !== 'answer') return { kind: 'refused', reason: BROKEN };
    const { answer } = outcome;
    if (answer.allow) return { kind: 'passed' };
    this.#components.logger.info(
      { event: 'plugin.refused', session: session.id },
      'a plugin refused a session',
    );
    return { kind: 'refused', reason: oneLine(answer.reason) };
  }

  async tell(event: Exclude<PluginEvent, { kind: 'connect' }>): Promise<void> {
    if (this.#components.settings().plugins.length === 0) return;
    await this.#others.run(() => this.#put(event));
  }

  async #put(event: PluginEvent): Promise<PluginOutcome> {
    const { timeout } = this.#components.settings();
    const outcome = (await this.#current?.link.put(event, timeout)) ?? NOT_THERE;
    if (outcome.kind === 'timeout' || outcome.kind === 'died') {
      const { kind: occasion, session } = event;
      this.#components.logger.warn(
        { event: 'plugins.silent', occasion, session: session.id, why: outcome.kind },
        'the plugins did not answer',
      );
    }
    return outcome;
  }

  /** Undefined when there is nothing to load. */
  async #load(files: readonly string[]): Promise<Generation | undefined> {
    const { fork, start, trouble, logger, now, observer } = this.#components;
    if (files.length === 0) return undefined;
    for (const file of files) {
      const reason = trouble(file);
      if (reason !== undefined) throw new WolfguardError('PLUGIN', `hooks.plugins: ${reason}.`);
    }
    const link = new PluginLink({
      kind: 'start',
      files,
      measure: observer !== undefined,
      ...start(),
    });
    const supervisor = new Supervisor<PrimaryToPlugins, PluginsToPrimary>(
      { fork, link: (send) => link.attach(send), logger, now, observer },
      {
        name: 'plugin process',
        readyTimeoutMs: READY_TIMEOUT_MS,
        silenceLimitMs: SILENCE_MS,
      },
    );
    await supervisor.start();
    return { link, supervisor };
  }

  /** By then it has answered, or is too late with, all that it was asked. */
  #retire(generation: Generation): void {
    this.#retiring.add(generation);
    setTimeout(() => {
      this.#retiring.delete(generation);
      void generation.supervisor.stop(null, GRACE_MS);
    }, this.#components.settings().timeout).unref();
  }

  #all(): Generation[] {
    return [
      ...this.#retiring,
      ...this.#waiting,
      ...(this.#current === undefined ? [] : [this.#current]),
    ];
  }
}

/** It becomes a header: one line of ASCII. */
const oneLine = (reason: string): string =>
  reason
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_REASON_LENGTH);
