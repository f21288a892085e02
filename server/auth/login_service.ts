// Moves login dialogues: gives what came in to the decision machine of core/auth_dialogue and does
// what it says until there is an answer for the client.
import { step } from '../../core/auth_dialogue/dialogue.ts';
import type {
  DialogueEffect,
  DialogueInput,
  DialogueRules,
} from '../../core/auth_dialogue/state.ts';
import type { AuthOutcome, LoginRequest } from '../../core/ipc/messages.ts';
import type { Numbers } from '../../core/ipc/measures.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import { CheckCounts } from './check_counts.ts';
import type { Backend, Conversation, Round } from './backend.ts';
import type { DialogueTable } from './dialogue_table.ts';

export interface LoginServiceComponents {
  readonly logger: Logger;
  readonly dialogues: DialogueTable;
  readonly now: () => EpochMs;
}

/** By virtual host; '' = the main server. A reload replaces it as a whole. */
export type LoginSetup = ReadonlyMap<string, HostSetup>;

export interface HostSetup {
  readonly rules: DialogueRules;
  readonly backends: ReadonlyMap<string, Backend>;
}

type Question = Exclude<DialogueEffect, { kind: 'answer' }>;

export class LoginService {
  readonly #components: LoginServiceComponents;
  #setup: LoginSetup;
  /** Backends whose outage has been logged. */
  readonly #down = new Set<string>();
  readonly #counts = new CheckCounts();

  constructor(components: LoginServiceComponents, setup: LoginSetup) {
    this.#components = components;
    this.#setup = setup;
  }

  /** Checks that are under way end under the setup that they began with. */
  configure(setup: LoginSetup): void {
    this.#setup = setup;
  }

  /** What back ends have answered. */
  get sums(): Numbers {
    return this.#counts.sums;
  }

  /** Takes one step of a dialogue to its answer. Never rejects. */
  async handle(request: LoginRequest): Promise<AuthOutcome> {
    const setup = this.#setup.get(request.vhost);
    if (setup === undefined) return { kind: 'unavailable', reason: 'This name is not served' };
    const { dialogues, now } = this.#components;
    // A login that began at one name does not go on at another.
    let id = dialogues.vhost(request.dialogue) === request.vhost ? request.dialogue : null;
    const certificate = request.certificate !== null && request.certificate.error === null;
    let input: DialogueInput = { ...request.step, certificate, now: now() };
    this.#logCertificate(request);
    for (;;) {
      const before = dialogues.state(id);
      const { state, effect } = step(setup.rules, before, input);
      id = dialogues.put(id, state, request.vhost);
      if (effect.kind === 'answer') {
        // A new beginning ends a challenge that was open.
        if (state?.phase === 'prompting') dialogues.hold(id, null);
        this.#log(request, effect.outcome);
        return withId(effect.outcome, id);
      }
      const expiresAt = state?.expiresAt ?? 0;
      const askedAt = performance.now();
      const { round, late } = await withDeadline(expiresAt - now(), (signal) =>
        ask(setup, dialogues.conversation(id), effect, request, signal),
      );
      this.#counts.add(effect.backend, round.kind, performance.now() - askedAt);
      this.#watch(effect.backend, round);
      dialogues.hold(id, round.kind === 'challenge' ? round.conversation : null);
      // A timer counts from the beginning of its turn of the loop: it may be early by the clock.
      const answeredAt = late ? Math.max(now(), expiresAt) : now();
      input = { kind: 'verdict', verdict: round, now: answeredAt };
    }
  }

  /** An outage is logged when it begins and when it ends, not at every login between. */
  #watch(backend: string, round: Round): void {
    const { logger } = this.#components;
    if (round.kind !== 'unavailable') {
      if (this.#down.delete(backend)) {
        logger.warn({ event: 'backend.up', backend }, 'backend answers again');
      }
    } else if (!this.#down.has(backend)) {
      this.#down.add(backend);
      logger.error(
        { event: 'backend.down', backend, reason: round.reason },
        'backend cannot be asked',
      );
    }
  }

  /** A person whose certificate is bad sees only that a password is asked for. */
  #logCertificate({ certificate, peer, vhost }: LoginRequest): void {
    if (certificate === null || certificate.error === null) return;
    const { error: reason } = certificate;
    this.#components.logger.info(
      { event: 'certificate.refused', vhost, reason },
      'client certificate refused',
    );
    this.#components.logger.debug({ reason, peer }, 'client certificate refused came from');
  }

  #log({ peer }: LoginRequest, outcome: AuthOutcome): void {
    const user = outcome.kind === 'accepted' ? outcome.user : undefined;
    const reason = 'reason' in outcome ? outcome.reason : undefined;
    this.#components.logger.debug({ outcome: outcome.kind, peer, user, reason }, 'login step');
  }
}

async function ask(
  { backends }: HostSetup,
  conversation: Conversation | null,
  question: Question,
  { peer, client, certificate, suspect = false }: LoginRequest,
  signal: AbortSignal,
): Promise<Round> {
  if (question.kind === 'respond') {
    return (
      (await conversation?.respond(question.answer, signal)) ?? unavailable('The login is over')
    );
  }
  const { backend, user, password, group } = question;
  const credentials = { user, password, group, certificate, peer, client, suspect };
  const verified = backends.get(backend)?.verify(credentials, signal);
  return (await verified) ?? unavailable(`There is no backend "${backend}"`);
}

/** A backend that throws or does not answer in time is one that cannot be asked. */
async function withDeadline(
  timeoutMs: Milliseconds,
  work: (signal: AbortSignal) => Promise<Round>,
): Promise<{ round: Round; late: boolean }> {
  const controller = new AbortController();
  const tooLate = Promise.withResolvers<Round>();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    tooLate.resolve(unavailable('The login took too long'));
    controller.abort();
  }, timeoutMs);
  try {
    const round = await Promise.race([work(controller.signal), tooLate.promise]);
    return { round, late };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { round: unavailable(reason), late };
  } finally {
    clearTimeout(timer);
  }
}

const withId = (outcome: AuthOutcome, dialogue: string | null): AuthOutcome =>
  outcome.kind === 'form' ? { ...outcome, dialogue } : outcome;

const unavailable = (reason: string): Round => ({ kind: 'unavailable', reason });
