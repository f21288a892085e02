// What a CONNECT waits for once its addresses are leased: checks, one after the other. They run once
// for all CONNECTs of a session that come meanwhile, and those of other sessions do not wait.
//
//   CONNECT ─► lease ─► check … check ─► passed ─► open, as if nothing had been
//                           └──────────► refused: the session ends, 503 with the reason
import type { Session } from '../core/session/session.ts';

/** One thing to settle before a session gets a tunnel. */
export interface OpenCheck {
  /** Whether a CONNECT of this session has to wait for `run`; asked before it has addresses. */
  concerns(session: Session): boolean;
  /** `session` has its addresses. Never rejects, and bounds its own time. */
  run(session: Session): Promise<CheckResult>;
}

export type CheckResult =
  /** `session`: what the check has made of it; absent = as it was. */
  | { readonly kind: 'passed'; readonly session?: Session }
  /** `reason`: for the client. */
  | { readonly kind: 'refused'; readonly reason: string };

const PASSED: CheckResult = { kind: 'passed' };

export class Gate {
  readonly #checks: readonly OpenCheck[];
  readonly #running = new Map<number, Promise<CheckResult>>();

  /** In the order in which they run. */
  constructor(checks: readonly OpenCheck[]) {
    this.#checks = checks;
  }

  /** Whether a CONNECT of this session has to wait for `pass`. */
  concerns(session: Session): boolean {
    return (
      this.#running.has(session.session) || this.#checks.some((check) => check.concerns(session))
    );
  }

  /** The result of the checks, which a CONNECT before this one may have started. */
  pass(session: Session): Promise<CheckResult> {
    const running = this.#running.get(session.session);
    if (running !== undefined) return running;
    const run = this.#run(session).finally(() => this.#running.delete(session.session));
    this.#running.set(session.session, run);
    return run;
  }

  async #run(session: Session): Promise<CheckResult> {
    let current = session;
    for (const check of this.#checks) {
      if (!check.concerns(current)) continue;
      const result = await check.run(current);
      if (result.kind === 'refused') return result;
      current = result.session ?? current;
    }
    return PASSED;
  }
}
