// Every place of a configuration that speaks about policy.
import type { Path } from './kind.ts';
import type { Config, PolicyLayer } from './schema.ts';

/** What one place says, and where it stands: `['user', 'alice', 'policy']`. */
export interface PlacedLayer extends PolicyLayer {
  readonly path: Path;
}

/** [policy] first, which alone has all keys, then those that lie over it. */
export const policyLayers = ({ policy, vhost, group, user }: Config): readonly PlacedLayer[] => [
  { path: ['policy'], policy },
  ...vhost.map((host, index) => ({ path: ['vhost', index, 'policy'], policy: host.policy })),
  ...[...group].map(([name, own]) => ({ path: ['group', name, 'policy'], policy: own.policy })),
  ...[...user].map(([name, own]) => ({ path: ['user', name, 'policy'], policy: own.policy })),
];
