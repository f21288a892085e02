// SIGHUP and `wolfctl reload`: all or nothing. A file with mistakes, or with a change that needs a
// restart, changes nothing, and says so.
import { isDeepStrictEqual } from 'node:util';
import { readConfig } from '../config/check.ts';
import type { ReadConfig } from '../config/check.ts';
import { diffReload } from '../config/reload.ts';
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import type { EpochMs } from '../core/units.ts';
import { haveChanged, readProfiles } from './profiles.ts';
import type { Profiles } from './profiles.ts';
import { loadRouteFiles } from './policy_lists.ts';
import type { RouteFiles } from './route_files.ts';
import { readTlsFiles } from './tls_files.ts';
import type { TlsFiles } from './tls_files.ts';

/** What the server runs with. */
export interface Loaded {
  readonly config: Config;
  readonly tls: TlsFiles;
  readonly profiles: Profiles;
  readonly routeFiles: RouteFiles;
}

export type ReloadPlan =
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'accepted';
      readonly next: Loaded;
      /** The keys with new values; a new content of the old file counts as its key. */
      readonly changed: readonly string[];
    };

/** Reads the file, the certificate and the profiles anew and compares; changes nothing. */
export function planReload(
  configPath: string,
  current: Loaded,
  now: EpochMs,
  read: ReadConfig = readConfig,
): ReloadPlan {
  const result = read(configPath);
  if (!result.ok) return { kind: 'refused', reason: result.output };
  const { reloadable, needsRestart } = diffReload(current.config, result.config);
  if (needsRestart.length > 0) {
    const keys = needsRestart.join(', ');
    return { kind: 'refused', reason: `a restart is needed for ${keys}; nothing was changed` };
  }
  try {
    const tls = readTlsFiles(result.config, now);
    const renewed = !isDeepStrictEqual(tls.hosts, current.tls.hosts);
    const profiles = readProfiles(result.config);
    const routeFiles = loadRouteFiles(result.config);
    const changed = new Set([
      ...reloadable,
      ...(renewed ? ['tls.certificate'] : []),
      ...(haveChanged(current.profiles, profiles) ? ['policy.user_profile'] : []),
      ...(routeFiles.equals(current.routeFiles) ? [] : ['policy.routes_file']),
    ]);
    const next = { config: result.config, tls, profiles, routeFiles };
    return { kind: 'accepted', next, changed: [...changed] };
  } catch (error) {
    if (error instanceof WolfguardError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}
