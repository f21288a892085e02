// The step "pam": the modules of a service of the system, asked through wolfguard-pam, a process
// for each login. A process whose modules work takes one of a bounded number of places; one that
// waits for a person gives its place back, so that nobody's thinking keeps others out.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountingRecord } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import { NO_ATTRIBUTES } from '../../core/policy/attributes.ts';
import type { Backend, Conversation, Credentials, Round } from './backend.ts';
import { CheckQueue } from './check_queue.ts';
import { pamCommand, problemOf } from './pam_command.ts';
import type { PamCommand } from './pam_command.ts';
import { PamConversation } from './pam_conversation.ts';
import type { PamStop } from './pam_conversation.ts';
import type { PamResult } from './pam_messages.ts';
import { PamProcess, isAnswer, isUserName } from './pam_process.ts';
import { PamSessions } from './pam_sessions.ts';
import { judge } from './pam_verdict.ts';

export interface PamBackendComponents {
  readonly logger: Logger;
  /** Stands in for the helper of this build; null = there is none. */
  readonly command?: PamCommand | null;
  readonly limits?: PamLimits;
}

export interface PamBackendOptions {
  /** The file in /etc/pam.d. */
  readonly service: string;
  /** Groups of the system with smaller numbers say nothing about a session. */
  readonly gidMin: number;
  /** Sessions are to be opened and closed with PAM, too. */
  readonly accounting: boolean;
}

export interface PamLimits {
  /** Processes whose modules work. */
  readonly running: number;
  /** Logins that wait for such a place. */
  readonly waiting: number;
  /** Processes that wait for a person. */
  readonly parked: number;
}

interface PamLogin {
  readonly user: string;
  readonly talk: PamConversation;
  /** The same for all its questions. */
  readonly conversation: Conversation;
}

// Modules mostly wait for something else than the CPU, so there are more places than cores. Behind
// them, even a module that takes a second keeps nobody waiting for longer than half a minute.
// A parked process costs 0.4 MiB.
const LIMITS: PamLimits = { running: 64, waiting: 2000, parked: 512 };
// auth.timeout ends a login much sooner: this is for a helper that everybody has forgotten.
const HELPER_SECONDS = 3600;

const REFUSED: Round = { kind: 'refused' };

export class PamBackend implements Backend {
  readonly name = 'pam';
  readonly #logger: Logger;
  readonly #command: PamCommand | null;
  readonly #options: PamBackendOptions;
  readonly #queue: CheckQueue;
  readonly #sessions: PamSessions;
  readonly #limits: PamLimits;
  /** Conversations that wait for a person, the oldest first. */
  readonly #parked = new Set<PamLogin>();
  /** What has been logged and still stands. */
  #problem: string | null = null;

  constructor(components: PamBackendComponents, options: PamBackendOptions) {
    const { logger, command = pamCommand(), limits = LIMITS } = components;
    this.#logger = logger;
    this.#command = command;
    this.#options = options;
    this.#limits = limits;
    this.#queue = new CheckQueue(limits);
    this.#sessions = new PamSessions({ logger, command }, options);
  }

  async verify({ user, password, peer }: Credentials, signal: AbortSignal): Promise<Round> {
    const command = this.#command;
    if (command === null) {
      return this.#outage(
        'wolfguard-pam was not built: install the headers of libpam (libpam0g-dev) and build again',
      );
    }
    if (!isUserName(user) || !isAnswer(password)) return REFUSED;
    return this.#round(signal, () => this.#begin(command, user, password, peer.address));
  }

  /** Opens and closes sessions with PAM. It is told once, whatever comes of it. */
  account(record: AccountingRecord): Promise<boolean> {
    if (this.#options.accounting) this.#sessions.record(record);
    return Promise.resolve(true);
  }

  /** Logins under way go on: the dialogue ends them. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #begin(command: PamCommand, user: string, password: string, remoteHost: string): PamLogin {
    const { service } = this.#options;
    const task = { mode: 'login', service, user, remoteHost, seconds: HELPER_SECONDS } as const;
    const login: PamLogin = {
      user,
      talk: new PamConversation(new PamProcess(command, task), password),
      conversation: {
        respond: (answer, signal) => this.#respond(login, answer, signal),
        cancel: () => this.#cancel(login),
      },
    };
    return login;
  }

  /** From an answer, or the beginning, to the next question or the end. */
  async #round(signal: AbortSignal, begin: () => PamLogin): Promise<Round> {
    const turn = await this.#queue.run(signal, async () => {
      const login = begin();
      return { login, stop: await login.talk.advance(signal) };
    });
    if (turn.kind === 'full') return unavailable('Too many logins at once');
    if (turn.kind === 'aborted') return unavailable('The login took too long');
    const { login, stop } = turn.value;
    switch (stop.kind) {
      case 'question':
        return this.#park(login, stop);
      case 'result':
        return this.#conclude(login.user, stop, signal);
      case 'end':
        return this.#outage(`wolfguard-pam ended without a result: ${stop.reason}`);
      case 'cancelled':
        return unavailable('The login is over');
    }
  }

  #park(login: PamLogin, { message, label, echo }: Extract<PamStop, { kind: 'question' }>): Round {
    this.#parked.add(login);
    if (this.#parked.size > this.#limits.parked) this.#dropOldest();
    return {
      kind: 'challenge',
      message: message === '' ? 'One more question.' : message,
      label: label === '' ? 'Answer:' : label,
      echo,
      conversation: login.conversation,
    };
  }

  async #respond(login: PamLogin, answer: string, signal: AbortSignal): Promise<Round> {
    this.#parked.delete(login);
    if (!isAnswer(answer)) {
      login.talk.cancel();
      return REFUSED;
    }
    return this.#round(signal, () => {
      login.talk.answer(answer);
      return login;
    });
  }

  #cancel(login: PamLogin): void {
    this.#parked.delete(login);
    login.talk.cancel();
  }

  #dropOldest(): void {
    const [oldest] = this.#parked;
    if (oldest === undefined) return;
    this.#cancel(oldest);
    this.#logger.warn(
      { event: 'pam.queue_full' },
      'too many logins wait for an answer: the oldest of them was ended',
    );
  }

  async #conclude(
    typed: string,
    { result, user, groups, delayMs }: Extract<PamStop, { kind: 'result' }>,
    signal: AbortSignal,
  ): Promise<Round> {
    const judgement = judge(result);
    if (judgement === 'unavailable') return this.#outage(problemOf(this.#options.service, result));
    this.#problem = null;
    if (judgement === 'refused') {
      this.#logRefusal(typed, result);
      // Nobody holds a process or a place meanwhile.
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      return REFUSED;
    }
    // Modules may say who somebody is, but not that it is nobody.
    if (!isUserName(user)) return this.#outage('a PAM module has left an unusable user name');
    const { gidMin, accounting } = this.#options;
    const own = groups.filter(({ gid, name }) => gid >= gidMin && name !== user);
    const attributes = accounting
      ? { ...NO_ATTRIBUTES, accounting: { backend: this.name, interimMs: null, classes: [] } }
      : NO_ATTRIBUTES;
    return {
      kind: 'accepted',
      user,
      groups: [...new Set(own.map(({ name }) => name))],
      attributes,
    };
  }

  /** Whose account is at fault has shown the right password: an operator wants to know. */
  #logRefusal(user: string, { stage, text: reason }: PamResult): void {
    if (stage !== 'authentication') {
      this.#logger.info(
        { event: 'pam.refused', stage, reason },
        'PAM refused somebody who is known',
      );
    }
    this.#logger.debug({ user, stage, reason }, 'PAM refused');
  }

  /** Said once, until something else is wrong or all is well. */
  #outage(problem: string): Round {
    if (problem !== this.#problem) {
      this.#logger.error({ event: 'pam.unavailable', problem }, 'PAM cannot be asked');
    }
    this.#problem = problem;
    return unavailable('The login service does not work just now');
  }
}

const unavailable = (reason: string): Round => ({ kind: 'unavailable', reason });
