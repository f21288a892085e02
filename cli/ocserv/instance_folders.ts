// Folders of our own for each ocserv.conf: several servers on one machine do not meet.
import { createHash } from 'node:crypto';
import path from 'node:path';

export interface InstanceFolders {
  /** Sessions, bans, used one-time passwords: kept over restarts. */
  readonly state: string;
  /** Of this run. */
  readonly runtime: string;
  /** Below the one of this run. */
  readonly secrets: string;
}

export const DEFAULT_CONF = '/etc/ocserv/ocserv.conf';

/** systemd names folders in these variables where its unit has them (StateDirectory= …). */
export interface ServiceEnvironment {
  readonly STATE_DIRECTORY?: string | undefined;
  readonly RUNTIME_DIRECTORY?: string | undefined;
}

/** `file`: the ocserv.conf, absolute. */
export function instanceFolders(file: string, environment: ServiceEnvironment): InstanceFolders {
  const own = nameOf(file);
  const first = (listed: string | undefined): string | undefined => listed?.split(':')[0];
  const runtime = path.join(first(environment.RUNTIME_DIRECTORY) ?? '/run/wolfguard', own);
  return {
    state: path.join(first(environment.STATE_DIRECTORY) ?? '/var/lib/wolfguard', own),
    runtime,
    secrets: path.join(runtime, 'secrets'),
  };
}

const nameOf = (file: string): string =>
  file === DEFAULT_CONF
    ? 'ocserv'
    : `ocserv-${createHash('sha256').update(file).digest('hex').slice(0, 8)}`;
