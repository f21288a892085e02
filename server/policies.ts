// What each session is given: the layers of the configuration for its host, group and user, merged.
// Sessions that the same sections speak about share one frozen object, so that neither a login nor a
// session costs a policy of its own; only what a back end says of a single session makes one.
import type { Config } from '../config/schema.ts';
import { groupWithSection } from '../core/policy/groups.ts';
import { mergePolicy } from '../core/policy/merge.ts';
import type { PolicyLayer } from '../core/policy/merge.ts';
import type { SessionPolicy } from '../core/policy/policy.ts';
import type { RouteFiles } from './route_files.ts';

/** The parts of a configuration that speak about policy. */
export type PolicyConfig = Pick<Config, 'policy' | 'vhost' | 'group' | 'user'>;

/** Whom a policy is for. */
export interface PolicySubject {
  /** The virtual host of the login, in lower case; '' = the main server. */
  readonly vhost: string;
  readonly user: string;
  /** The group that was chosen first, then as the back end lists them. */
  readonly groups: readonly string[];
  /** What the back ends of the login say of this session. */
  readonly backend: Partial<SessionPolicy>;
}

export class Policies {
  #config: PolicyConfig;
  #files: Pick<RouteFiles, 'complete'>;
  /** By the sections that speak. Its size is bounded by theirs, not by the number of users. */
  readonly #shared = new Map<string, SessionPolicy>();

  constructor(config: PolicyConfig, files: Pick<RouteFiles, 'complete'>) {
    this.#config = config;
    this.#files = files;
  }

  /** From a reload, or of files that have changed: for sessions that begin from now on. */
  configure(config: PolicyConfig, files: Pick<RouteFiles, 'complete'>): void {
    this.#config = config;
    this.#files = files;
    this.#shared.clear();
  }

  /** Frozen: a session keeps it as it is. */
  policyFor({ backend, ...who }: PolicySubject): SessionPolicy {
    const layers = layersFor(this.#config, who);
    if (Object.keys(backend).length > 0) {
      const ownLayer = { source: { kind: 'backend' } as const, values: backend };
      return this.#merge([...layers, ownLayer]);
    }
    const key = JSON.stringify(layers.map(({ source }) => source));
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const policy = this.#merge(layers);
    this.#shared.set(key, policy);
    return policy;
  }

  #merge(layers: readonly PolicyLayer[]): SessionPolicy {
    const base = { source: { kind: 'policy' } as const, values: this.#config.policy };
    return freeze(this.#files.complete(mergePolicy(base, layers)));
  }
}

/** The sections that speak about somebody, lowest first, those over [policy]. */
export function layersFor(
  { vhost: hosts, group: groupSections, user: userSections }: PolicyConfig,
  { vhost, user, groups }: Pick<PolicySubject, 'vhost' | 'user' | 'groups'>,
): readonly PolicyLayer[] {
  const group = groupWithSection(groups, groupSections);
  // A session of a host that is no longer configured is treated as one of the main server.
  const ofHost = hosts.find(({ name }) => name.toLowerCase() === vhost)?.policy;
  const ofGroup = groupSections.get(group)?.policy;
  const ofUser = userSections.get(user)?.policy;
  return [
    ...(ofHost ? [{ source: { kind: 'vhost', name: vhost } as const, values: ofHost }] : []),
    ...(ofGroup ? [{ source: { kind: 'group', name: group } as const, values: ofGroup }] : []),
    ...(ofUser ? [{ source: { kind: 'user', name: user } as const, values: ofUser }] : []),
  ];
}

/** Deep for what a policy is made of: its lists and tables, whose elements are values. */
function freeze(policy: SessionPolicy): SessionPolicy {
  for (const value of Object.values(policy) as unknown[]) Object.freeze(value);
  return Object.freeze(policy);
}
