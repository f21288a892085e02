// The reload of the primary, put together: who may refuse, and what is changed in which order.
import type { ReadConfig } from '../config/check.ts';
import type { AuthSettings } from '../core/ipc/auth.ts';
import type { WorkerSettings } from '../core/ipc/messages.ts';
import type { Bans } from './bans.ts';
import type { HookServices } from './hooks/build.ts';
import type { Log } from './log.ts';
import { Policies } from './policies.ts';
import { routeWarnings } from './policy_lists.ts';
import { reservedAddresses } from './pools.ts';
import { assessReload } from './reload.ts';
import type { Loaded } from './reload.ts';
import { countOtherPolicies } from './reload_sessions.ts';
import { Reloader } from './reloader.ts';
import type { ReloaderComponents } from './reloader.ts';
import type { ServiceReports } from './service_reports.ts';
import type { Sessions } from './sessions.ts';
import { authSettings, banSettings, sessionLimits, workerSettings } from './settings.ts';

export interface ReloadSetting {
  readonly configPath: string;
  /** Where the file is of another kind. */
  readonly readConfig: ReadConfig | undefined;
  /** What the server runs with; replaced by `replace`. */
  readonly current: () => Loaded;
  readonly replace: (next: Loaded) => void;
  readonly log: Log;
  readonly count: ReloaderComponents['count'];
  readonly reports: Pick<ServiceReports, 'reload'>;
  readonly policies: Pick<Policies, 'configure'>;
  readonly sessions: Pick<Sessions, 'connected' | 'all' | 'setLimits' | 'reserve'>;
  readonly bans: Pick<Bans, 'configure'>;
  readonly auth: {
    try(settings: AuthSettings): Promise<string | null>;
    configure(settings: AuthSettings): void;
  };
  readonly workers: {
    try(settings: WorkerSettings): Promise<readonly string[]>;
    configure(): void;
  };
  readonly hooks: Pick<HookServices, 'prepare'>;
  /** Says what is odd about the certificates and lists that are in force now. */
  readonly warnOfTls: () => void;
}

export function buildReloader(setting: ReloadSetting): Reloader {
  const {
    configPath,
    readConfig,
    reports,
    count,
    current,
    replace,
    log,
    policies,
    sessions,
    bans,
    auth,
    workers,
    hooks,
    warnOfTls,
  } = setting;
  return new Reloader({
    assess: () => assessReload(configPath, current(), Date.now(), { read: readConfig }),
    participants: [
      { try: ({ config, tls }) => workers.try(workerSettings(config, tls)) },
      {
        try: async ({ config }) => {
          const problem = await auth.try(authSettings(config));
          return problem === null ? [] : [problem];
        },
      },
    ],
    prepare: ({ config }) => hooks.prepare(config.hooks),
    apply: (next) => {
      const { config, routeFiles } = next;
      replace(next);
      log.setLevel(config.log.level);
      policies.configure(config, routeFiles);
      sessions.setLimits(sessionLimits(config));
      sessions.reserve(reservedAddresses(config));
      bans.configure(banSettings(config));
      auth.configure(authSettings(config));
      workers.configure();
      warnOfTls();
      for (const warning of routeWarnings(config, routeFiles)) {
        log.logger.warn({ event: 'network.many_routes' }, warning);
      }
    },
    // A program that rotates logs sends SIGHUP too, whatever the file says meanwhile.
    beforeReload: () => log.reopen(),
    countOther: ({ config, routeFiles }) =>
      countOtherPolicies([...sessions.all()], new Policies(config, routeFiles)),
    connected: () => sessions.connected,
    count,
    report: (work) => reports.reload(work),
    logger: log.logger,
  });
}
