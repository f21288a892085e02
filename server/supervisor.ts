// Keeps one child process alive: starts it, hears it, and starts another when it dies.
//
//   start() ─► starting ── 'ready' ──► running
//                 ▲  │ exit              │ exit
//                 │  └──────┬────────────┘
//                 └─ delay ─┴─► stopped            stop(): a last message, a wait, SIGKILL
import type { ChildProcess } from 'node:child_process';
import { WolfguardError } from '../core/error.ts';
import type { Measures } from '../core/ipc/measures.ts';
import { Outbox, unpack } from '../core/ipc/outbox.ts';
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import { Backoff } from './backoff.ts';
import type { ProcessObserver } from './metrics/processes.ts';
import { Silence } from './silence.ts';

/** What listens to one child process; a successor gets a new one. */
export interface ChildLink<FromChild> {
  /** The process is there; its first message is to be sent now. */
  handleSpawned(): void;
  handleReady(): void;
  handleMessage(message: FromChild): void;
  /** Called once, after the last message. */
  handleGone(): void;
}

export interface SupervisorComponents<ToChild, FromChild> {
  /** Starts the program; the supervisor adds its own listeners. */
  readonly fork: () => ChildProcess;
  /** `send` reaches that process only, never its successor; it is silent once the process is gone. */
  readonly link: (send: (message: ToChild) => void) => ChildLink<FromChild>;
  readonly logger: Logger;
  readonly now: () => EpochMs;
  /** Where [metrics] is on. */
  readonly observer?: ProcessObserver | undefined;
}

export interface SupervisorOptions {
  /** For the log and for error messages: "worker 0". */
  readonly name: string;
  /** A process that is not ready by then is killed. */
  readonly readyTimeoutMs: Milliseconds;
  /** One that is ready and then says nothing for so long, not even 'alive', hangs and is killed. */
  readonly silenceLimitMs: Milliseconds;
}

/** What every child says about itself, besides its own messages. */
export interface ChildMessage {
  readonly kind: string;
}

type State<ToChild> =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'up';
      readonly child: ChildProcess;
      readonly outbox: Outbox<ToChild>;
      readonly startedAt: EpochMs;
      ready: boolean;
    }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'stopping'; readonly child: ChildProcess }
  | { readonly kind: 'stopped' };

/**
 * So many times the limit of silence pass before nobody believes in a successor any more: the time
 * to notice that a child hangs, and to start another, several times over.
 */
const GIVE_UP_FACTOR = 3;

/** Of a child that could not be started. */
const NO_PID = 0;
/** After its exit, a child's last messages may still be on their way. */
const LAST_MESSAGES_MS: Milliseconds = 200;

export class Supervisor<ToChild extends object, FromChild extends ChildMessage> {
  private state: State<ToChild> = { kind: 'idle' };
  private readonly backoff = new Backoff();
  /** Settles the promise of `start`; undefined afterwards. */
  private firstStart: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private whenStopped: Promise<void> | undefined;
  private onStopped: () => void = () => undefined;
  private readonly absence: Silence;
  private absent = false;
  private readonly components: SupervisorComponents<ToChild, FromChild>;
  private readonly options: SupervisorOptions;

  constructor(components: SupervisorComponents<ToChild, FromChild>, options: SupervisorOptions) {
    this.components = components;
    this.options = options;
    this.absence = new Silence(options.silenceLimitMs * GIVE_UP_FACTOR, () => {
      this.absent = true;
    });
  }

  /** Neither the child nor any successor has said a word for long: replacing it does not help. */
  get isAbsent(): boolean {
    return this.absent;
  }

  /** The running process; undefined between a death and its successor. */
  get pid(): number | undefined {
    return this.state.kind === 'up' ? this.state.child.pid : undefined;
  }

  /** Resolves when the child is ready; rejects with WolfguardError when its first start fails. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.firstStart = { resolve, reject };
      this.spawn();
    });
  }

  /**
   * Sends a last message, or closes the channel where there is none to send, waits, then kills.
   * `kill` shortens the wait.
   */
  async stop(lastMessage: ToChild | null, graceMs: Milliseconds): Promise<void> {
    this.whenStopped ??= this.stopOnce(lastMessage, graceMs);
    await this.whenStopped;
  }

  /** Ends the process at once. Without `stop` before it, a successor follows. */
  kill(): void {
    if (this.state.kind === 'up' || this.state.kind === 'stopping')
      this.state.child.kill('SIGKILL');
  }

  private async stopOnce(lastMessage: ToChild | null, graceMs: Milliseconds): Promise<void> {
    const { state } = this;
    this.absence.close();
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind !== 'up') {
      this.state = { kind: 'stopped' };
      return;
    }
    const { child, outbox } = state;
    this.state = { kind: 'stopping', child };
    const stopped = new Promise<void>((resolve) => (this.onStopped = resolve));
    if (lastMessage !== null) outbox.send(lastMessage);
    outbox.flush();
    if (lastMessage === null && child.connected) child.disconnect();
    const killer = setTimeout(() => {
      this.components.logger.warn(
        { event: 'process.killed', child: this.options.name },
        'did not stop in time and is killed',
      );
      child.kill('SIGKILL');
    }, graceMs);
    await stopped;
    clearTimeout(killer);
  }

  private spawn(): void {
    const { fork, link, logger, now, observer } = this.components;
    const { name, readyTimeoutMs, silenceLimitMs } = this.options;
    const child = fork();
    const { pid = NO_PID } = child;
    const outbox = new Outbox<ToChild>({
      write: (messages) => sendTo(child, messages),
      atEndOfTurn: setImmediate,
    });
    const state = { kind: 'up' as const, child, outbox, startedAt: now(), ready: false };
    this.state = state;
    const listener = link((message) => outbox.send(message));
    let fatal: string | undefined;

    const readyTimer = setTimeout(() => {
      fatal = `it was not ready within ${readyTimeoutMs / 1000} s`;
      child.kill('SIGKILL');
    }, readyTimeoutMs);
    const silence = new Silence(silenceLimitMs, () => {
      if (!state.ready || this.state.kind === 'stopping') return;
      fatal = `it hung: not a word for ${silenceLimitMs / 1000} s`;
      child.kill('SIGKILL');
    });
    const handle = (received: FromChild): void => {
      silence.heard();
      this.absence.heard();
      this.absent = false;
      if (received.kind === 'ready') {
        clearTimeout(readyTimer);
        state.ready = true;
        listener.handleReady();
        this.settleFirstStart();
      } else if (received.kind === 'fatal') {
        fatal = fatalMessage(received);
        logger.error(
          { event: 'process.cannot_run', child: name, reason: fatal },
          'a process cannot run',
        );
      } else if (received.kind === 'measures') {
        this.attempt(child, () => observer?.measured(pid, measuresOf(received)));
      } else if (received.kind !== 'alive') {
        this.attempt(child, () => listener.handleMessage(received));
      }
    };
    child.on('message', (written) => {
      unpack(written as unknown as FromChild | readonly FromChild[]).forEach(handle);
    });
    child.on('disconnect', () => {
      // Deaf to us and so of no more use, unless it is on its way out.
      if (this.state.kind !== 'stopping') child.kill('SIGKILL');
    });
    whenGone(child, (how) => {
      clearTimeout(readyTimer);
      silence.close();
      listener.handleGone();
      observer?.gone(pid);
      this.handleDeath(state, fatal ?? how);
    });
    observer?.spawned(pid);
    listener.handleSpawned();
  }

  /** A child that was taken over must not be able to take the primary down with a message. */
  private attempt(child: ChildProcess, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      const { logger } = this.components;
      logger.error(
        { event: 'process.message_failed', err: error, child: this.options.name },
        'a message could not be handled',
      );
      child.kill('SIGKILL');
    }
  }

  private handleDeath(died: Extract<State<ToChild>, { kind: 'up' }>, reason: string): void {
    const { logger, now } = this.components;
    const { name } = this.options;
    if (this.state.kind === 'stopping') {
      this.state = { kind: 'stopped' };
      this.settleFirstStart(new WolfguardError('CHILD_START', `The ${name} was stopped.`));
      this.onStopped();
      return;
    }
    if (this.firstStart !== undefined) {
      this.state = { kind: 'stopped' };
      this.settleFirstStart(
        new WolfguardError('CHILD_START', `The ${name} cannot start: ${reason}.`),
      );
      return;
    }
    const delayMs = this.backoff.delayAfterDeath(died.startedAt, died.ready, now());
    logger.warn(
      { event: 'process.died', child: name, pid: died.child.pid, reason, delayMs },
      'a process died and is replaced',
    );
    this.state = { kind: 'waiting', timer: setTimeout(() => this.spawn(), delayMs) };
  }

  private settleFirstStart(error?: Error): void {
    if (error === undefined) this.firstStart?.resolve();
    else this.firstStart?.reject(error);
    this.firstStart = undefined;
  }
}

/** Messages for a process that is just dying are lost, as they would be a moment later. */
function sendTo(child: ChildProcess, messages: object): void {
  if (child.connected) child.send(messages, () => undefined);
}

/** Calls back once when the process has ended and nothing more can be heard from it. */
function whenGone(child: ChildProcess, callback: (how: string) => void): void {
  let how: string | undefined;
  let called = false;
  const finish = (): void => {
    if (called || how === undefined) return;
    called = true;
    callback(how);
  };
  const ended = (text: string): void => {
    how ??= text;
    if (child.connected) setTimeout(finish, LAST_MESSAGES_MS);
    else finish();
  };
  child.on('exit', (code, signal) =>
    ended(signal === null ? `exit code ${code ?? 0}` : `killed by ${signal}`),
  );
  child.on('disconnect', finish);
  child.on('error', (error) => {
    // Without a pid it never started and no 'exit' follows.
    if (child.pid === undefined) ended(error.message);
  });
}

function measuresOf(message: object): Measures {
  const { sums = {}, levels = {} } = message as Partial<Measures>;
  return { sums, levels };
}

function fatalMessage(message: object): string {
  const text = (message as { message?: unknown }).message;
  return typeof text === 'string' ? text.replace(/\.$/, '') : 'it gave no reason';
}
