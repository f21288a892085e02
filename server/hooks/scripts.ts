// The programs of [hooks]: which one runs when, and what its end means.
import { hookEnvironment } from '../../core/hooks/environment.ts';
import type { Occasion } from '../../core/hooks/environment.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { SessionInfo } from '../../core/plugin/plugin.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { CheckResult } from '../gate.ts';
import { Lane } from './lane.ts';
import type { runProgram, ProgramResult } from './program.ts';

export interface ScriptSettings {
  /** Paths; null = none. */
  readonly connect: string | null;
  readonly disconnect: string | null;
  readonly host_update: string | null;
  readonly timeout: Milliseconds;
}

export interface ScriptsComponents {
  /** As they are now. */
  readonly settings: () => ScriptSettings;
  readonly run: typeof runProgram;
  /** Why this program must not run as root; undefined = it may. */
  readonly trouble: (path: string) => string | undefined;
  readonly log: HookLog;
}

/** The part of pino that is used here. */
export type HookLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** Processes that mostly wait: enough that some that hang delay nobody else for long. */
const RUNNING = 64;
/** At ten connects a second and place, none waits for long; their clients would give up. */
const PATIENCE = { waiting: 1000, waitMs: 60_000 } as const;

const REFUSED = 'The server refused the connection: ask your administrator';
const BROKEN = 'The server could not check the connection: try again later';
const BUSY = 'The server is busy: try again later';

export class Scripts {
  readonly #components: ScriptsComponents;
  /** Apart: a thousand disconnects at a time must not hold up who wants to come in. */
  readonly #connects = new Lane({ running: RUNNING, patience: PATIENCE });
  readonly #others = new Lane({ running: RUNNING });
  #lastTurn: Promise<void> = Promise.resolve();
  readonly #stopConnects = new AbortController();
  readonly #stopAll = new AbortController();

  constructor(components: ScriptsComponents) {
    this.#components = components;
  }

  /** Exit code 0 lets the session in; everything else does not. */
  async connect(info: SessionInfo): Promise<CheckResult> {
    const { connect: path } = this.#components.settings();
    if (path === null) return { kind: 'passed' };
    const { signal } = this.#stopConnects;
    const result = await this.#connects.run(() =>
      this.#run(path, info, { reason: 'connect' }, signal),
    );
    const { log } = this.#components;
    const session = info.id;
    if (result === undefined) {
      log.warn(
        { event: 'hook.busy', session },
        'too many connect hooks at once: a session was refused',
      );
      return { kind: 'refused', reason: BUSY };
    }
    if (result.kind !== 'exited') return { kind: 'refused', reason: BROKEN };
    return result.code === 0 ? { kind: 'passed' } : { kind: 'refused', reason: REFUSED };
  }

  /** Returns false when it was cut short, or never run, because the server stops. */
  async tell(
    info: SessionInfo,
    occasion: Exclude<Occasion, { reason: 'connect' }> | { readonly reason: 'host-update' },
  ): Promise<boolean> {
    const settings = this.#components.settings();
    const path = occasion.reason === 'disconnect' ? settings.disconnect : settings.host_update;
    if (path === null) return true;
    const { signal } = this.#stopAll;
    const result = await this.#others.run(() =>
      signal.aborted ? Promise.resolve(undefined) : this.#run(path, info, occasion, signal),
    );
    return result !== undefined && !(result.kind === 'killed' && signal.aborted);
  }

  /** Kills those that decide about sessions that want to come in. */
  stopConnects(): void {
    this.#stopConnects.abort();
  }

  /** Kills what runs; nothing runs any more. */
  stopAll(): void {
    this.#stopAll.abort();
  }

  async #run(
    path: string,
    info: SessionInfo,
    occasion: Occasion,
    abort: AbortSignal,
  ): Promise<ProgramResult> {
    const { settings, run, trouble, log } = this.#components;
    const hook = occasion.reason;
    const session = info.id;
    await this.#turn();
    const reason = trouble(path);
    const result: ProgramResult =
      reason === undefined
        ? await run({
            path,
            environment: hookEnvironment(info, occasion),
            timeoutMs: settings().timeout,
            abort,
            onLine: (line) => log.debug({ hook, session, line }, 'a hook says'),
          })
        : { kind: 'not-started', reason };
    this.#report({ hook, session }, path, result);
    return result;
  }

  /** Starting a process holds the event loop up for a millisecond and more: one in each turn. */
  #turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#lastTurn;
  }

  #report(fields: { hook: string; session: number }, path: string, result: ProgramResult): void {
    const { log } = this.#components;
    switch (result.kind) {
      case 'exited': {
        const { code, lastLine } = result;
        if (code === 0) log.debug(fields, 'a hook was run');
        else
          log.info(
            { event: 'hook.failed', ...fields, code, lastLine },
            'a hook ended with an error',
          );
        break;
      }
      case 'not-started':
        log.error(
          { event: 'hook.cannot_run', ...fields, path, reason: result.reason },
          'a hook cannot be run',
        );
        break;
      case 'timeout':
        log.warn(
          { event: 'hook.timeout', ...fields, lastLine: result.lastLine },
          'a hook took too long and was killed',
        );
        break;
      case 'killed':
        log.warn(
          { event: 'hook.killed', ...fields, signal: result.signal, lastLine: result.lastLine },
          'a hook was killed',
        );
        break;
    }
  }
}
