// Long lists of policies go to each worker once, under a key that follows from what is in them. A
// grant then names the key: with 5,000 routes a CONNECT costs the same as with none.
import { createHash } from 'node:crypto';
import type { OpenTunnelReply, PrimaryToWorker } from '../core/ipc/messages.ts';
import { formatCidr, formatIp } from '../core/net/address.ts';
import { needsProgram } from '../core/policy/acl_program.ts';
import { formatAclRule } from '../core/policy/acl_rule.ts';
import { listsOf } from '../core/policy/policy.ts';
import type { PolicyLists } from '../core/policy/policy.ts';

/** Fewer than these cost less in each grant than under a key. */
const FEW = 16;
/** What a worker keeps: policies are few, but for networks that a back end gives each user. */
const MOST_KEPT = 256;
const MOST_NETWORKS_KEPT = 1_000_000;

/** Of one worker process: what it has on its shelf. */
export class SharedLists {
  readonly #send: (message: PrimaryToWorker) => void;
  /** How many networks each has; the key that was used last stands last. */
  readonly #kept = new Map<string, number>();
  #networks = 0;

  constructor(send: (message: PrimaryToWorker) => void) {
    this.#send = send;
  }

  /** The reply as it is to be sent, behind the lists that it names. */
  share(reply: OpenTunnelReply): OpenTunnelReply {
    if (reply.kind === 'refused') return reply;
    const { policy } = reply.grant;
    const count = policy.routes.length + policy.no_routes.length;
    if (count < FEW && !needsProgram(policy)) return reply;
    const key = keyOf(policy);
    this.#use(key, count, policy);
    return { ...reply, lists: key, grant: { ...reply.grant, policy: { ...policy, ...NO_LISTS } } };
  }

  #use(key: string, count: number, policy: PolicyLists): void {
    const known = this.#kept.delete(key);
    this.#kept.set(key, count);
    if (known) return;
    this.#networks += count;
    const forget: string[] = [];
    for (const [oldest, networks] of this.#kept) {
      const full = this.#kept.size > MOST_KEPT || this.#networks > MOST_NETWORKS_KEPT;
      if (!full || oldest === key) break;
      this.#kept.delete(oldest);
      this.#networks -= networks;
      forget.push(oldest);
    }
    this.#send({ kind: 'policy-lists', add: { key, lists: listsOf(policy) }, forget });
  }
}

const NO_LISTS: Pick<PolicyLists, 'routes' | 'no_routes' | 'allow' | 'deny'> = {
  routes: [],
  no_routes: [],
  allow: [],
  deny: [],
};

const keyOf = (policy: PolicyLists): string => {
  const { enforce_routes: enforced, client_to_client: meets } = policy;
  return [
    ...[policy.routes, policy.no_routes].map((list) => digestOf(list, formatCidr)),
    ...[policy.allow, policy.deny].map((list) => digestOf(list, formatAclRule)),
    ...[policy.dns, policy.nbns].map((list) => digestOf(list, formatIp)),
    `${Number(enforced)}${Number(meets)}`,
  ].join('.');
};

/** A list is the same array for all sessions that share it: it is read once. */
const digests = new WeakMap<readonly unknown[], string>();

function digestOf<T>(list: readonly T[], format: (item: T) => string): string {
  const known = digests.get(list);
  if (known !== undefined) return known;
  const text = list.map(format).join('\n');
  const digest = createHash('sha256').update(text).digest('base64url');
  digests.set(list, digest);
  return digest;
}
