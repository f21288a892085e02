// The files of networks that policies name, and what clients will make of that many.
import { describeRouteLimits } from '../core/connect/route_headers.ts';
import type { Cidr } from '../core/net/address.ts';
import { aggregate } from '../core/net/aggregate.ts';
import { attempt, Mismatch, readText } from './disk_files.ts';
import { layerPolicies } from './layer_policies.ts';
import { policyLayers } from './policy_layers.ts';
import type { Finding } from './problems.ts';
import { describeMistake, parseRouteFile } from './route_file.ts';
import type { Config } from './schema.ts';

/** Files that cannot be read or hold something else. */
export function findRouteFileMistakes(config: Config): Finding[] {
  const seen = new Set<string>();
  return policyLayers(config).flatMap(({ path, policy }) =>
    FILE_KEYS.flatMap((key) => {
      const file = policy[key];
      if (typeof file !== 'string' || seen.has(file)) return [];
      seen.add(file);
      const result = attempt(`policy.${key}`, () => readNetworks(file));
      return result.ok ? [] : [{ ...result.finding, path: [...path, key] }];
    }),
  );
}

/** Sentences about policies that have more networks than some clients take. Of sound files only. */
export const findRouteWarnings = (config: Config): string[] => [
  ...new Set(
    layerPolicies(config).flatMap(({ name, merged: { policy, files } }) => {
      const together = (networks: readonly Cidr[], paths: readonly string[]): readonly Cidr[] =>
        paths.length === 0 ? networks : aggregate([...networks, ...paths.flatMap(readNetworks)]);
      return describeRouteLimits(name, {
        routes: together(policy.routes, files.routes_file),
        no_routes: together(policy.no_routes, files.no_routes_file),
      });
    }),
  ),
];

const FILE_KEYS = ['routes_file', 'no_routes_file'] as const;

function readNetworks(file: string): readonly Cidr[] {
  const parsed = parseRouteFile(readText(file));
  if ('line' in parsed) throw new Mismatch(describeMistake(file, parsed));
  return parsed;
}
