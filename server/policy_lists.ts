// The lists of the configured policies as a whole: files read, rules small enough for the engine,
// and what there is to say about them.
import { layerPolicies } from '../config/layer_policies.ts';
import { routeFilePaths } from '../config/route_file_paths.ts';
import type { Config } from '../config/schema.ts';
import { describeRouteLimits } from '../core/connect/route_headers.ts';
import { WolfguardError } from '../core/error.ts';
import { compileAcl, needsProgram } from '../core/policy/acl_program.ts';
import { RouteFiles } from './route_files.ts';

/** Reads the files that policies name; throws WolfguardError for them and for rules without end. */
export function loadRouteFiles(config: Config): RouteFiles {
  const files = RouteFiles.read(routeFilePaths(config));
  for (const { name, merged } of layerPolicies(config)) {
    const policy = files.complete(merged);
    if (!needsProgram(policy) || compileAcl(policy) !== undefined) continue;
    throw new WolfguardError(
      'ACL_SIZE',
      `${name}: allow and deny have too many rules that hold at the same addresses; write fewer of them, or wider networks`,
    );
  }
  return files;
}

/** Sentences about policies that have more networks than some clients take. */
export const routeWarnings = (config: Config, files: RouteFiles): string[] => [
  ...new Set(
    layerPolicies(config).flatMap(({ name, merged }) =>
      describeRouteLimits(name, files.complete(merged)),
    ),
  ),
];
