// How many of those who are connected have another policy than they would get by logging in again.
import { isDeepStrictEqual } from 'node:util';
import type { SessionPolicy } from '../core/policy/policy.ts';
import type { Session } from '../core/session/session.ts';
import type { Milliseconds } from '../core/units.ts';
import type { Policies } from './policies.ts';

export interface OtherPolicies {
  readonly connected: number;
  readonly other: number;
}

export type PolicyOfSession = Pick<
  Session,
  'vhost' | 'user' | 'groups' | 'attributes' | 'policy' | 'state'
>;

/** Logins and everything else of the primary wait for no longer than this at a time. */
const SLICE_MS: Milliseconds = 10;

/** `policies`: those to be. */
export async function countOtherPolicies(
  sessions: readonly PolicyOfSession[],
  policies: Pick<Policies, 'policyFor'>,
): Promise<OtherPolicies> {
  const connected = sessions.filter(({ state }) => state.kind === 'connected');
  const equal = comparison();
  let other = 0;
  let sliceEnd = performance.now() + SLICE_MS;
  for (const { vhost, user, groups, attributes, policy } of connected) {
    const next = policies.policyFor({ vhost, user, groups, backend: attributes.policy });
    if (!equal(policy, next)) other++;
    if (performance.now() < sliceEnd) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEnd = performance.now() + SLICE_MS;
  }
  return { connected: connected.length, other };
}

/** Sessions share policies: thousands of them need a handful of comparisons. */
function comparison(): (a: SessionPolicy, b: SessionPolicy) => boolean {
  const known = new WeakMap<SessionPolicy, WeakMap<SessionPolicy, boolean>>();
  return (a, b) => {
    const results = known.get(a) ?? new WeakMap<SessionPolicy, boolean>();
    known.set(a, results);
    const result = results.get(b) ?? isDeepStrictEqual(a, b);
    results.set(b, result);
    return result;
  };
}
