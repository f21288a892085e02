// The files of networks that a configuration names.
import { policyLayers } from './policy_layers.ts';
import type { Config } from './schema.ts';

/** Each once, in the order of the file. */
export const routeFilePaths = (config: Config): string[] => [
  ...new Set(
    policyLayers(config).flatMap(({ policy: { routes_file, no_routes_file } }) =>
      [routes_file, no_routes_file].filter((path) => typeof path === 'string'),
    ),
  ),
];
