// The hooks of the primary, put together.
import { hookFileTrouble } from '../../config/hook_files.ts';
import type { Config } from '../../config/schema.ts';
import { sessionInfo } from '../../core/hooks/session_info.ts';
import type { Milliseconds } from '../../core/units.ts';
import { system } from '../../native/system.ts';
import { forkProgram } from '../fork.ts';
import type { Log } from '../log.ts';
import type { ProcessObserver } from '../metrics/processes.ts';
import { poolsOf } from '../pools.ts';
import type { Sequence } from '../sequence.ts';
import { HookStore } from './hook_store.ts';
import { Hooks } from './hooks.ts';
import { Plugins } from './plugins.ts';
import type { PreparedPlugins } from './plugins.ts';
import { runProgram } from './program.ts';
import { Scripts } from './scripts.ts';

export interface HooksSetting {
  /** As it is now. */
  readonly config: () => Config;
  readonly log: Log;
  /** Whom plugins run as. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Where [metrics] is on. */
  readonly observer: ProcessObserver | undefined;
  readonly onStoreFailed: () => void;
}

/** What the primary has of its hooks. */
export interface HookServices {
  /** Hears of sessions, and is asked before they get their first tunnel. */
  readonly hooks: Hooks;
  /** To be run when sessions are restored and before workers start; it stops them, too. */
  start(sequence: Sequence): Promise<void>;
  /** Loads the plugins anew, for a reload. Throws WolfguardError. */
  prepare(next: Config['hooks']): Promise<PreparedPlugins>;
  /** Shortens a stop. */
  kill(): void;
}

/** What the disconnects of all sessions have at a stop; what is left is run at the next start. */
const GRACE_MS: Milliseconds = 8_000;

/** The store is read here; nothing runs yet. */
export function buildHooks({
  config,
  log,
  user,
  observer,
  onStoreFailed,
}: HooksSetting): HookServices {
  const { logger } = log;
  const settings = (): Config['hooks'] => config().hooks;
  const plugins = new Plugins({
    settings,
    fork: () =>
      forkProgram('server/hooks/plugin_app', { title: 'wolfguard: plugins', fds: [] }, log),
    start: () => ({ user, logLevel: config().log.level, primaryPid: process.pid }),
    trouble: (file) => hookFileTrouble(file, { executable: false }),
    logger,
    now: Date.now,
    observer,
  });
  const scripts = new Scripts({
    settings,
    run: runProgram,
    trouble: (path) => hookFileTrouble(path, { executable: true }),
    log: logger,
  });
  const hooks = new Hooks({
    store: new HookStore({
      directory: config().state.dir,
      onError: (err) => {
        onStoreFailed();
        logger.warn({ event: 'hooks.not_saved', err }, 'the file of the hooks cannot be used');
      },
    }),
    scripts,
    plugins,
    isConfigured: () => isConfigured(settings()),
    describe: (session) =>
      sessionInfo(session, {
        device: config().network.device,
        pools: poolsOf(config()),
        prefix6: config().network.ipv6_prefix_per_client,
      }),
    now: Date.now,
    log: logger,
  });
  return {
    hooks,
    start: async (sequence) => {
      await sequence.step(
        'plugins',
        () => {
          system().keepDescriptors();
          return plugins.start();
        },
        () => plugins.stop(),
      );
      await sequence.step(
        'hooks',
        () => hooks.start(),
        () => hooks.stop(GRACE_MS),
      );
    },
    prepare: (next) => plugins.prepare(next.plugins),
    kill: () => {
      hooks.hurry();
      plugins.kill();
    },
  };
}

const isConfigured = ({ connect, disconnect, host_update, plugins }: Config['hooks']): boolean =>
  plugins.length > 0 || [connect, disconnect, host_update].some((path) => path !== null);
