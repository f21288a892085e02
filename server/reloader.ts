// SIGHUP and `wolfctl reload`, all or nothing: what may fail is done before the first change.
//
//   read and compare ─► ask workers and auth process, load plugins ─► change, in one turn
//        └── refused ◄──────────────────┘  (what was prepared is let go)
import type { ReloadPlan } from '../core/ipc/reload_plan.ts';
import type { Logger } from '../core/log/logger.ts';
import { changedKeys } from './reload.ts';
import type { Loaded, ReloadAssessment } from './reload.ts';
import type { OtherPolicies } from './reload_sessions.ts';

/** What a part of the server has made ready; one of the two is called. */
export interface Prepared {
  /** Must not fail. */
  readonly commit: () => void;
  readonly abandon: () => void;
}

/** A part of the server that may refuse. */
export interface ReloadParticipant {
  /** Whether it could live with these: sentences why not. Nothing changes. */
  try(next: Loaded): Promise<readonly string[]>;
}

export interface ReloaderComponents {
  /** What SIGHUP means besides, even where the reload is refused. */
  readonly beforeReload: () => void;
  readonly assess: () => ReloadAssessment;
  readonly participants: readonly ReloadParticipant[];
  /** Makes ready what would be noticed outside, and so is not done for a dry run; throws WolfguardError. */
  readonly prepare: (next: Loaded) => Promise<Prepared>;
  /** Puts these in force everywhere; must not fail. */
  readonly apply: (next: Loaded) => void;
  readonly countOther: (next: Loaded) => Promise<OtherPolicies>;
  readonly connected: () => number;
  readonly count: (outcome: 'done' | 'refused') => void;
  /** Runs a reload and tells the service manager of it. */
  readonly report: <T>(work: () => Promise<T>) => Promise<T>;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

export class Reloader {
  readonly #components: ReloaderComponents;
  /** One after the other. */
  #running: Promise<unknown> | undefined;
  /** Asked for and not begun: whoever asks meanwhile gets the same. */
  #waiting: Promise<ReloadPlan> | undefined;

  constructor(components: ReloaderComponents) {
    this.#components = components;
  }

  /** Between reading files and putting them in force nobody else shall do the same. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** The plan that was carried out; when it has refusals, nothing has changed. */
  reload(): Promise<ReloadPlan> {
    if (this.#waiting !== undefined) return this.#waiting;
    const before = this.#running;
    if (before === undefined) return this.#begin();
    const start = (): Promise<ReloadPlan> => {
      this.#waiting = undefined;
      return this.#begin();
    };
    const next = before.then(start, start);
    this.#waiting = next;
    return next;
  }

  /** What a reload would change now, or why it would be refused; changes nothing. */
  async plan(): Promise<ReloadPlan> {
    const { assess } = this.#components;
    const { plan, next } = assess();
    const refusals = next === undefined ? plan.refusals : await this.#try(next);
    return { ...plan, refusals, sessions: await this.#sessions(next) };
  }

  #begin(): Promise<ReloadPlan> {
    const { report, count } = this.#components;
    const counted = async (): Promise<ReloadPlan> => {
      const plan = await this.#reload();
      count(plan.refusals.length > 0 ? 'refused' : 'done');
      return plan;
    };
    return this.#track(report(counted));
  }

  async #reload(): Promise<ReloadPlan> {
    const { beforeReload, assess, prepare, apply, logger } = this.#components;
    beforeReload();
    const { plan, next } = assess();
    const sessions = await this.#sessions(next);
    const refuse = (refusals: readonly string[]): ReloadPlan => {
      const reason = refusals.join('\n');
      logger.error({ event: 'reload.refused', reason }, 'reload refused: nothing has changed');
      return { ...plan, refusals, sessions };
    };
    if (next === undefined) return refuse(plan.refusals);
    const refusals = await this.#try(next);
    if (refusals.length > 0) return refuse(refusals);
    let prepared: Prepared;
    try {
      prepared = await prepare(next);
    } catch (error) {
      return refuse([(error as Error).message]);
    }
    apply(next);
    prepared.commit();
    logger.info({ event: 'reload.done', changed: changedKeys(plan) }, 'reloaded');
    return { ...plan, sessions };
  }

  async #try(next: Loaded): Promise<readonly string[]> {
    const { participants } = this.#components;
    return (await Promise.all(participants.map((part) => part.try(next)))).flat();
  }

  #sessions(next: Loaded | undefined): Promise<OtherPolicies> {
    const { countOther, connected } = this.#components;
    return next === undefined
      ? Promise.resolve({ connected: connected(), other: 0 })
      : countOther(next);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => {
      if (this.#running === tracked) this.#running = undefined;
    });
    this.#running = tracked;
    return tracked;
  }
}
