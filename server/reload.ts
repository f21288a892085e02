// What SIGHUP and `wolfctl reload` would change: everything is read and judged here, and nothing is
// changed. A file with mistakes, or with a change that needs a restart, is refused with all reasons.
import { examineForReload } from '../config/check.ts';
import type { ConfigReading, FileForReload, ReadConfig } from '../config/check.ts';
import type { AccountFiles } from '../config/disk.ts';
import type { WrittenConfig } from '../config/loader.ts';
import { diffReload } from '../config/reload.ts';
import { WolfguardError } from '../core/error.ts';
import type { ReloadChange, ReloadPlan } from '../core/ipc/reload_plan.ts';
import type { EpochMs } from '../core/units.ts';
import { loadRouteFiles, routeWarnings } from './policy_lists.ts';
import { readProfiles } from './profiles.ts';
import type { Profiles } from './profiles.ts';
import { changedCertificates, changedFiles } from './reload_files.ts';
import type { RouteFiles } from './route_files.ts';
import { readTlsFiles, tlsWarnings } from './tls_files.ts';
import type { TlsFiles } from './tls_files.ts';

/** What the server runs with. */
export interface Loaded extends WrittenConfig {
  readonly tls: TlsFiles;
  readonly profiles: Profiles;
  readonly routeFiles: RouteFiles;
}

/** What only running processes know is added later. */
export type FilePlan = Omit<ReloadPlan, 'sessions'>;

export interface ReloadAssessment {
  readonly plan: FilePlan;
  /** undefined: the plan says why it is refused. */
  readonly next: Loaded | undefined;
}

export interface AssessOptions {
  /** Of a file of another kind; it has looked at everything that the file names. */
  readonly read?: ReadConfig | undefined;
  readonly accounts?: AccountFiles;
}

/** Reads the file and all that it names anew, and compares. */
export function assessReload(
  configPath: string,
  current: Loaded,
  now: EpochMs,
  { read, accounts }: AssessOptions = {},
): ReloadAssessment {
  const file =
    read === undefined
      ? examineForReload(configPath, current.config, now, accounts)
      : judgedByReader(read(configPath));
  if (!file.ok) return { plan: { ...NOTHING, refusals: [file.output] }, next: undefined };
  const changes = diffReload(current, file.written);
  const { next, problems } = readAll(file, current, now);
  const refusals = [
    ...file.mistakes.map(({ text }) => text),
    ...problems,
    ...needsRestart(changes),
  ];
  if (next === undefined)
    return { plan: { ...NOTHING, changes, refusals, warnings: file.warnings }, next };
  const plan = {
    changes,
    certificates: changedCertificates(current.tls, next.tls),
    files: changedFiles(current, next),
    warnings: [...file.warnings, ...warningsOf(next, now)],
    refusals,
  };
  return { plan, next: refusals.length > 0 ? undefined : next };
}

/** The keys of a plan, dotted; new contents of files count as the keys that name them. */
export const changedKeys = ({ changes, certificates, files }: FilePlan): string[] => [
  ...changes.map(({ section, key }) => (section === '' ? key : `${section}.${key}`)),
  ...(certificates.length > 0 ? ['tls.certificate'] : []),
  ...files,
];

const NOTHING: FilePlan = { changes: [], certificates: [], files: [], warnings: [], refusals: [] };

const judgedByReader = (reading: ConfigReading): FileForReload =>
  reading.ok
    ? {
        ok: true,
        written: { config: reading.config, root: reading.root ?? null },
        mistakes: [],
        warnings: [],
      }
    : reading;

/** What each reader refuses that no mistake with a line has told already. */
function readAll(
  { written, mistakes }: Extract<FileForReload, { ok: true }>,
  current: Loaded,
  now: EpochMs,
): { next: Loaded | undefined; problems: readonly string[] } {
  const { config } = written;
  const problems: string[] = [];
  const read = <T>(reader: () => T, told: RegExp): T | undefined => {
    try {
      return reader();
    } catch (error) {
      if (!(error instanceof WolfguardError)) throw error;
      if (!mistakes.some(({ key }) => told.test(key))) problems.push(error.message);
      return undefined;
    }
  };
  const tls = read(() => readTlsFiles(config, now), /^tls\./);
  const profiles = read(() => readProfiles(config), /user_profile$/);
  const routeFiles = read(() => loadRouteFiles(config), /routes_file$/);
  if (tls === undefined || profiles === undefined || routeFiles === undefined)
    return { next: undefined, problems };
  // Lists that are the same stay the same objects: sessions share them.
  const same = routeFiles.equals(current.routeFiles);
  const next = { ...written, tls, profiles, routeFiles: same ? current.routeFiles : routeFiles };
  return { next, problems };
}

function needsRestart(changes: readonly ReloadChange[]): string[] {
  const keys = changes
    .filter(({ effect }) => effect === 'restart')
    .map(({ section, key }) => (section === '' ? key : `${section}.${key}`));
  return keys.length === 0 ? [] : [`a restart is needed for ${keys.join(', ')}`];
}

const warningsOf = ({ config, tls, routeFiles }: Loaded, now: EpochMs): string[] => [
  ...tlsWarnings(tls, now),
  ...routeWarnings(config, routeFiles),
];
