// Parts of the primary, made from the configuration.
import os from 'node:os';
import { readConfig } from '../config/check.ts';
import type { ReadConfig } from '../config/check.ts';
import type { WrittenConfig } from '../config/loader.ts';
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import { SILENCE_LIMIT_MS } from '../core/ipc/alive.ts';
import type { AuthToPrimary, PrimaryToAuth } from '../core/ipc/auth.ts';
import type { EngineOffloads, TunOffload } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import type { Milliseconds } from '../core/units.ts';
import { system } from '../native/system.ts';
import { findGid, findUid } from './accounts.ts';
import type { Admin } from './admin.ts';
import { AdminEvents } from './admin_events.ts';
import { openAdminSocket } from './admin_socket.ts';
import type { AdminSocket } from './admin_socket.ts';
import type { AuthLink } from './auth_link.ts';
import { BanStore } from './ban_store.ts';
import { forkProgram } from './fork.ts';
import { claimSockets, takePassedSockets } from './passed_sockets.ts';
import type { PassedSockets } from './passed_sockets.ts';
import { localAddressesOf, poolOptions, poolsOf, serverNetworks } from './pools.ts';
import type { Log } from './log.ts';
import type { Meter } from './metrics/meter.ts';
import type { ProcessObserver } from './metrics/processes.ts';
import { withLocalAddresses } from './session_listing.ts';
import { SessionStore } from './session_store.ts';
import type { Sessions } from './sessions.ts';
import { sessionLimits } from './settings.ts';
import { Supervisor } from './supervisor.ts';

const AUTH_READY_MS: Milliseconds = 15_000;
const ADMIN_IDLE_MS: Milliseconds = 60_000;
const MAX_ADMIN_CONNECTIONS = 32;

/** Throws WolfguardError when the file cannot be used. */
export const openStore = ({ state }: Config, logger: Logger, meter: Meter): SessionStore =>
  new SessionStore({
    directory: state.dir,
    now: Date.now,
    onError: (err) => {
      meter.databaseFailures.add('sessions');
      logger.error({ event: 'sessions.not_saved', err }, 'sessions cannot be written to disk');
    },
    onWritten: () => meter.databaseWrites.add('sessions'),
  });

/** Without its file the server goes on, and forgets bans at its end. */
export const openBanStore = ({ state }: Config, logger: Logger, meter: Meter): BanStore =>
  new BanStore({
    directory: state.dir,
    onError: (err) => {
      meter.databaseFailures.add('bans');
      logger.warn({ event: 'bans.not_saved', err }, 'the file of the bans cannot be used');
    },
  });

export const sessionsOptions = (config: Config): ConstructorParameters<typeof Sessions>[1] => ({
  ...poolOptions(config),
  serverNetworks: () => serverNetworks(config.network.device),
  predictable: config.network.predictable,
  limits: sessionLimits(config),
  device: config.network.device,
});

/** `sessions`: they tell it of changes, and so are made after it. */
export function makeEvents(config: Config, sessions: () => Sessions): AdminEvents {
  const localAddressFor = localAddressesOf(poolsOf(config));
  return new AdminEvents({
    sessions: () => sessions().all(),
    view: (session) => withLocalAddresses(sessions().view(session), localAddressFor),
    now: Date.now,
  });
}

/** Resolves when it answers; throws WolfguardError when it cannot start. */
export async function startAuth(
  link: AuthLink,
  log: Log,
  observer: ProcessObserver | undefined,
): Promise<Supervisor<PrimaryToAuth, AuthToPrimary>> {
  // A password hash a core, and a thread for files beside them.
  const threads = Math.max(4, os.availableParallelism() + 1);
  const supervisor = new Supervisor<PrimaryToAuth, AuthToPrimary>(
    {
      fork: () =>
        forkProgram('server/auth/app', { title: 'wolfguard: auth', fds: [], threads }, log),
      link: (send) => link.attach(send),
      logger: log.logger,
      now: Date.now,
      observer,
    },
    {
      name: 'auth process',
      readyTimeoutMs: AUTH_READY_MS,
      silenceLimitMs: SILENCE_LIMIT_MS,
    },
  );
  await supervisor.start();
  return supervisor;
}

/** What systemd has opened for us. Throws WolfguardError for what `config` does not name. */
export const claimPassed = (config: Config): PassedSockets =>
  claimSockets(config, takePassedSockets(process.env, process.pid, system()));

/** Throws WolfguardError when the socket cannot be made. */
export const openAdmin = (
  { admin: settings }: Config,
  admin: Admin,
  events: AdminEvents,
  logger: Logger,
  passed: PassedSockets,
): Promise<AdminSocket> =>
  openAdminSocket(
    {
      answer: (command) => admin.answer(command),
      events,
      peerCredentials: (fd) => system().peerCredentials(fd),
      logger,
    },
    {
      path: settings.socket,
      fd: passed.admin,
      gid: settings.group === '' ? null : findGid(settings.group, 'admin.group'),
      idleTimeoutMs: ADMIN_IDLE_MS,
      maxConnections: MAX_ADMIN_CONNECTIONS,
    },
  );

/** What the engine may ask of the kernel: `tun` as the device was opened. */
export const offloadsOf = ({ engine }: Config, tun: TunOffload): EngineOffloads => ({
  tun,
  udpGso: engine.udp_gso,
  udpGro: engine.udp_gro,
});

/** Throws WolfguardError for a user or group that there is not. */
export const workerIdentity = ({
  workers,
}: Config): { user: { uid: number; gid: number }; sandbox: boolean } => ({
  user: {
    uid: findUid(workers.user, 'workers.user'),
    gid: findGid(workers.group, 'workers.group'),
  },
  sandbox: workers.sandbox,
});

/** Throws WolfguardError with all mistakes. */
export function readConfiguration({
  configPath,
  readConfig: read = readConfig,
}: {
  readonly configPath: string;
  readonly readConfig?: ReadConfig;
}): WrittenConfig {
  const result = read(configPath);
  if (result.ok) return { config: result.config, root: result.root ?? null };
  throw new WolfguardError('CONFIG', `the configuration cannot be used:\n${result.output}`);
}
