// What each section that speaks about policy comes to over [policy], for what is to be said about it.
import { mergePolicy } from '../core/policy/merge.ts';
import type { MergedPolicy } from '../core/policy/merge.ts';
import type { Path } from './kind.ts';
import { policyLayers } from './policy_layers.ts';
import type { Config } from './schema.ts';

export interface LayerPolicy {
  /** "[user.alice.policy]", as an administrator calls it. */
  readonly name: string;
  readonly merged: MergedPolicy;
}

/**
 * In the order of the file, without those whose networks and rules are those of one before: a section
 * for each of a thousand users costs nothing here. Groups of virtual hosts and users of groups are
 * not combined.
 */
export function layerPolicies(config: Config): LayerPolicy[] {
  const seen = new Set<string>();
  const numbers = new Map<unknown, number>();
  const numberOf = (value: unknown): number => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };
  return policyLayers(config).flatMap(({ path, policy: values }) => {
    // Who speaks is not asked for here.
    const source = { kind: 'policy' } as const;
    const over = path.length === 1 ? [] : [{ source, values }];
    const merged = mergePolicy({ source, values: config.policy }, over);
    const { policy, files } = merged;
    const lists = [
      policy.routes,
      policy.no_routes,
      policy.allow,
      policy.deny,
      policy.enforce_routes,
    ];
    const key = [...lists.map(numberOf), ...files.routes_file, '', ...files.no_routes_file].join();
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ name: nameOf(path, config), merged }];
  });
}

function nameOf(path: Path, { vhost }: Config): string {
  const [section, index] = path;
  return section === 'vhost'
    ? `the policy of [[vhost]] ${vhost[Number(index)]?.name ?? ''}`
    : `[${path.join('.')}]`;
}
