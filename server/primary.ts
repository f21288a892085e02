// The graph of the primary, built step by step: each step uses what those above it made, and the
// sequence takes them down from the last to the first.
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { ReadConfig } from '../config/check.ts';
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import { system } from '../native/system.ts';
import { Admin } from './admin.ts';
import { Accounting } from './accounting.ts';
import { AuthLink } from './auth_link.ts';
import { Bans } from './bans.ts';
import { descriptorLimit, descriptorShortage } from './descriptors.ts';
import { forkProgram } from './fork.ts';
import { Gate } from './gate.ts';
import { buildHooks } from './hooks/build.ts';
import { pingChecks } from './ping_check.ts';
import { localAddressesOf, poolsOf } from './pools.ts';
import { loadRouteFiles, routeWarnings } from './policy_lists.ts';
import { openLog } from './log.ts';
import { setUpMachine } from './machine.ts';
import {
  findPoolClashes,
  prepareSandbox,
  requireFreePorts,
  requireRoot,
  requireTun,
} from './preflight.ts';
import { Policies } from './policies.ts';
import { readProfiles } from './profiles.ts';
import { Quotas } from './quotas.ts';
import type { QuotasComponents } from './quotas.ts';
import {
  claimPassed,
  openStore,
  readConfiguration,
  openBanStore,
  sessionsOptions,
  startAuth,
  openAdmin,
  makeEvents,
  offloadsOf,
  workerIdentity,
} from './primary_parts.ts';
import { Drain } from './drain.ts';
import type { Readiness } from './readiness.ts';
import { Metrics } from './metrics/metrics.ts';
import type { Loaded } from './reload.ts';
import { buildReloader } from './reload_build.ts';
import type { Sequence } from './sequence.ts';
import type { ServiceFacts, ServiceReports } from './service_reports.ts';
import { buildServices } from './services.ts';
import { observers } from './session_observer.ts';
import { Sessions } from './sessions.ts';
import { authSettings, banSettings, workerSettings } from './settings.ts';
import { Statistics } from './statistics.ts';
import { RouteWatch } from './route_watch.ts';
import { readTlsFiles } from './tls_files.ts';
import { TlsWatch } from './tls_watch.ts';
import { threadName, Urgency } from './urgency.ts';
import { Workers } from './workers.ts';

export interface PrimaryOptions {
  readonly configPath: string;
  readonly readConfig?: ReadConfig;
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly readiness: Readiness;
  /** Hears of each reload. */
  readonly reports: Pick<ServiceReports, 'reload'>;
  /** Asked for through the admin socket. */
  readonly stop: () => void;
}

/** The running server; the sequence that it was started with stops it. */
export interface Primary {
  readonly logger: Logger;
  reload(): void;
  /** For the service manager. */
  readonly facts: () => ServiceFacts;
  /** SIGTERM: whether it begins a drain, or the caller is to stop the server. */
  terminate(): 'drain' | 'stop';
  /** Shortens a stop. */
  killChildren(): void;
}

type Replaceable<T> = { -readonly [K in keyof T]: T[K] };

/** What workers have to say goodbye to their clients. */
const WORKER_GRACE_MS: Milliseconds = 5_000;
const AUTH_GRACE_MS: Milliseconds = 1_000;
/** Longer than any sound backend takes, shorter than clients wait for an answer. */
const AUTH_STEP_MS: Milliseconds = 60_000;
/** Twice the checks that the auth process lets wait. */
const MAX_LOGINS_IN_FLIGHT = 4_000;

/** Throws WolfguardError; then the caller stops the sequence. */
export async function startPrimary(sequence: Sequence, options: PrimaryOptions): Promise<Primary> {
  const statistics = new Statistics();
  await sequence.step('root', requireRoot);
  const written = await sequence.step('configuration', () => readConfiguration(options));
  const { config } = written;
  await sequence.step('TUN driver', () => requireTun());
  const passed = await sequence.step('passed sockets', () => claimPassed(config));
  await sequence.step('free ports', () => requireFreePorts(config, system(), passed));
  const tls = await sequence.step('certificate', () => readTlsFiles(config, Date.now()));
  const profiles = await sequence.step('profiles', () => readProfiles(config));
  const routeFiles = await sequence.step('files of routes', () => loadRouteFiles(config));
  // What a reload replaces; everybody asks for it when it is needed.
  const current: Replaceable<Loaded> = { ...written, tls, profiles, routeFiles };

  const log = await sequence.step(
    'log',
    () => openLog(config.log),
    (made) => {
      made.logger.info({ event: 'server.stopped' }, 'stopped');
      made.close();
    },
  );
  const { logger } = log;
  for (const warning of findPoolClashes(config)) {
    logger.warn({ event: 'network.pools_clash' }, warning);
  }
  for (const warning of routeWarnings(config, routeFiles)) {
    logger.warn({ event: 'network.many_routes' }, warning);
  }

  const count = config.workers.count === 0 ? os.availableParallelism() : config.workers.count;
  const maxClients = config.limits.max_clients;
  const metrics = new Metrics(config);
  const { meter, observe } = metrics;
  const shortage = descriptorShortage(descriptorLimit(), { workers: count, maxClients });
  if (shortage !== undefined) logger.warn({ event: 'machine.descriptors' }, shortage);
  const { inside, listeners, steering } = await setUpMachine(
    sequence,
    config,
    { workers: count, passed },
    logger,
  );

  // Sessions and bans speak to workers, and the workers ask them.
  let workers = undefined as Workers | undefined;
  const link = new AuthLink(authSettings(config), {
    timeoutMs: AUTH_STEP_MS,
    maxInFlight: MAX_LOGINS_IN_FLIGHT,
    measure: observe !== undefined,
  });
  const listTunnels: QuotasComponents['listTunnels'] = async (timeoutMs, only) =>
    (await workers?.listTunnels(timeoutMs, only)) ?? new Map();
  const accounting = new Accounting({
    send: (record) => link.account(record),
    listTunnels,
    now: Date.now,
    random: Math.random,
  });
  const policies = new Policies(config, routeFiles);
  const { user } = workerIdentity(config);
  const hooks = buildHooks({
    ...{ config: () => current.config, log, user, observer: observe?.('plugins') },
    onStoreFailed: () => meter.databaseFailures.add('hooks'),
  });
  const store = await sequence.step(
    'session database',
    () => openStore(config, logger, meter),
    (made) => made.close(),
  );
  const quotas = new Quotas({
    store,
    listTunnels,
    moved: (who) => sessions.moved(who),
    now: Date.now,
  });
  const events = makeEvents(config, () => sessions);
  const sessions: Sessions = await sequence.step(
    'sessions',
    () =>
      new Sessions(
        {
          store,
          sendToWorker: (worker, message) => workers?.send(worker, message),
          setOwner: (network, worker) => {
            inside.setOwner(network, worker);
            steering.setInside(network, worker);
          },
          policyFor: (who) => policies.policyFor(who),
          now: Date.now,
          randomBytes,
          log: logger,
          observer: observers(accounting, quotas, hooks.hooks, events, meter),
          quotas,
          // An address that answers is exchanged before anybody is told of it.
          gate: new Gate([
            ...pingChecks(config, {
              exchange: (session, unwanted) => sessions.exchange(session, unwanted),
              giveBack: (addresses) => sessions.giveBack(addresses),
              log: logger,
            }),
            hooks.hooks,
          ]),
        },
        sessionsOptions(config),
      ),
    (made) => {
      accounting.close();
      quotas.close();
      made.close();
    },
  );
  const bans = await sequence.step(
    'bans',
    () =>
      new Bans(
        {
          store: openBanStore(config, logger, meter),
          onBanned: (sources) => meter.bansBegan(sources),
          tellWorkers: (message) => workers?.sendToAll(message),
          now: Date.now,
          log: logger,
        },
        banSettings(config),
      ),
    (made) => made.close(),
  );
  await sequence.step('sandbox', () => prepareSandbox(config, system()));
  const auth = await sequence.step(
    'auth process',
    () => startAuth(link, log, observe?.('auth')),
    async (supervisor) => {
      link.close();
      await supervisor.stop(null, AUTH_GRACE_MS);
    },
  );
  await hooks.start(sequence);
  const services = buildServices({
    auth: link,
    bans,
    sessions,
    readiness: options.readiness,
    profileOf: ({ user_profile: path }) => (path === null ? undefined : current.profiles.get(path)),
    statistics,
    events,
    meter,
    steering,
    urgency: new Urgency({
      system: system(),
      workerPid: (worker) => workers?.pids[worker] ?? null,
      threadName,
      logger,
    }),
    logger,
    now: Date.now,
  });
  workers = new Workers(
    {
      fork: (worker, fds) =>
        forkProgram('worker/app', { title: `wolfguard: worker ${worker}`, fds }, log),
      services,
      inside,
      listeners,
      settings: () => workerSettings(current.config, current.tls),
      bannedSources: () => bans.sources(),
      logger,
      now: Date.now,
      observe,
    },
    { count, ...workerIdentity(config), offloads: offloadsOf(config, inside.offload) },
  );
  await sequence.step(
    'workers',
    () => workers.start(),
    () => workers.stop(true, WORKER_GRACE_MS),
  );

  const reloader = buildReloader({
    configPath: options.configPath,
    readConfig: options.readConfig,
    reports: options.reports,
    count: (outcome) => meter.reloads.add(outcome),
    current: () => current,
    replace: (next) => void Object.assign(current, next),
    log,
    policies,
    sessions,
    bans,
    auth: link,
    workers,
    hooks,
    warnOfTls: () => tlsWatch.warn(),
  });
  const tlsWatch = await sequence.step(
    'lists that change',
    () =>
      new TlsWatch({
        current: () => current,
        isHeld: () => reloader.isBusy,
        apply: (changed) => {
          current.tls = changed;
          workers.configure();
        },
        logger,
        now: Date.now,
      }),
    (made) => made.close(),
  );
  tlsWatch.start();
  await sequence.step(
    'files of routes that change',
    () =>
      new RouteWatch({
        current: () => current,
        isHeld: () => reloader.isBusy,
        apply: (files) => policies.configure(current.config, (current.routeFiles = files)),
        logger,
      }),
    (made) => made.close(),
  );

  const drain = await sequence.step(
    'drain',
    () =>
      new Drain({
        readiness: options.readiness,
        sessions: () => sessions.size,
        stop: options.stop,
        logger,
        now: Date.now,
      }),
    (made) => made.close(),
  );
  const admin = new Admin(
    {
      sessions,
      quotas,
      bans,
      statistics,
      listTunnels: (timeoutMs) => workers.listTunnels(timeoutMs),
      forwardedPackets: () => workers.forwardedPackets,
      processes: () => ({ authPid: auth.pid ?? null, workerPids: workers.pids }),
      readiness: options.readiness,
      drain,
      drainLimit: () => current.config.limits.drain,
      reloader,
      stop: options.stop,
      now: Date.now,
    },
    {
      version: options.version,
      startedAt: options.startedAt,
      localAddressFor: localAddressesOf(poolsOf(config)),
    },
  );
  await sequence.step(
    'admin socket',
    () => openAdmin(config, admin, events, logger, passed),
    (made) => made.close(),
  );
  await metrics.start(
    sequence,
    { sessions, bans, link, steering, current, hooks: hooks.hooks, readiness: options.readiness },
    { ...options, nodeVersion: process.versions.node, user },
    log,
  );
  logger.info(
    { event: 'server.ready', pid: process.pid, workers: count, sessions: sessions.size },
    'ready',
  );
  return {
    logger,
    reload: () => void reloader.reload(),
    facts: () => ({
      sessions: sessions.size,
      draining: options.readiness.state === 'draining',
      healthy: !auth.isAbsent && !workers.someAbsent,
    }),
    terminate: () => drain.terminate(current.config.limits.drain),
    killChildren: () => {
      workers.kill();
      auth.kill();
      hooks.kill();
    },
  };
}
