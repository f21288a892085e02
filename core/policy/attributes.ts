// What backends say about one session, over what the configuration gives it. Frozen with the policy
// when the session begins, and kept with it over a restart.
import type { Milliseconds } from '../units.ts';
import type { SessionPolicy } from './policy.ts';

export interface SessionAttributes {
  /** Takes the place of the same keys of the policy. */
  readonly policy: Partial<SessionPolicy>;
  /** What accounting must repeat; null = the backends of this login keep no accounts. */
  readonly accounting: AccountingAttributes | null;
}

export interface AccountingAttributes {
  /** The step that accepted and keeps the accounts: "radius", "pam". */
  readonly backend: string;
  /** The session's number there where the login has said one already; else it gets one later. */
  readonly id?: string;
  /** Between interim records; null or 0 = none. */
  readonly interimMs: Milliseconds | null;
  /** Values of Class, as hex, to be sent back unchanged [rfc2865 5.25]. */
  readonly classes: readonly string[];
}

export const NO_ATTRIBUTES: SessionAttributes = { policy: {}, accounting: null };

/** Of two steps of a chain the later one wins where both speak. */
export const mergeAttributes = (
  earlier: SessionAttributes,
  later: SessionAttributes,
): SessionAttributes => ({
  policy: { ...earlier.policy, ...later.policy },
  accounting: later.accounting ?? earlier.accounting,
});
