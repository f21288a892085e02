// Entry of the plugin process: forked by the primary, it loads its own code, gives up root, and only
// then loads the plugins. It lives no longer than its channel to the primary.
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { ALIVE_INTERVAL_MS } from '../../core/ipc/alive.ts';
import { MEASURES_INTERVAL_MS } from '../../core/ipc/measures.ts';
import { Outbox, unpack } from '../../core/ipc/outbox.ts';
import type { PluginsToPrimary, PrimaryToPlugins } from '../../core/ipc/plugins.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { PluginLog } from '../../core/plugin/plugin.ts';
import { ProcessMeter } from '../../native/process_meter.ts';
import { system } from '../../native/system.ts';
import { PluginHost } from './plugin_host.ts';

runPluginProcess();

function runPluginProcess(): void {
  // Ctrl-C and service managers signal the whole group; the primary says when we end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
  const logger = pino({ base: { process: 'plugins' } }, pino.destination({ fd: 1, sync: true }));
  process.on('uncaughtException', (err) => {
    logger.fatal({ event: 'plugins.crashed', err }, 'a plugin has thrown outside of its methods');
    process.exit(1);
  });
  globalThis.console = consoleOf(logger);

  const outbox = new Outbox<PluginsToPrimary>({ write, atEndOfTurn: setImmediate });
  let host: PluginHost | undefined;
  const handle = (message: PrimaryToPlugins): void => {
    if (message.kind === 'event') {
      void host?.handle(message.event).then((reply) => {
        outbox.send({ kind: 'reply', id: message.id, reply });
      });
      return;
    }
    logger.level = message.logLevel;
    dropPrivileges(message);
    PluginHost.load(message.files, (file) => logOf(logger.child({ plugin: file }))).then(
      (loaded) => {
        host = loaded;
        outbox.send({ kind: 'ready' });
        setInterval(() => outbox.send({ kind: 'alive' }), ALIVE_INTERVAL_MS);
        if (message.measure) {
          const meter = new ProcessMeter();
          const say = (): void => outbox.send({ kind: 'measures', ...meter.read() });
          setInterval(say, MEASURES_INTERVAL_MS).unref();
        }
      },
      (error: unknown) => {
        const fatal: PluginsToPrimary = { kind: 'fatal', message: (error as Error).message };
        process.send?.(fatal, undefined, undefined, () => process.exit(1));
      },
    );
  };
  process.on('message', (written: PrimaryToPlugins | readonly PrimaryToPlugins[]) => {
    unpack(written).forEach(handle);
  });
}

function dropPrivileges({ user, primaryPid }: Extract<PrimaryToPlugins, { kind: 'start' }>): void {
  if (user !== null) {
    process.setgroups?.([]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  // After the change of user, which makes the kernel forget it.
  system().dieWithParent(primaryPid);
}

function logOf(logger: Logger): PluginLog {
  const at =
    (level: keyof PluginLog) =>
    (message: string, fields: object = {}) =>
      logger[level]({ ...fields, event: 'plugin.says' }, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** What a library prints must not break the lines of the log. */
function consoleOf(logger: Logger): Console {
  const lines = (level: 'info' | 'warn') =>
    new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        logger[level]({ event: 'plugin.says' }, text.trimEnd());
        done();
      },
    });
  return new Console({ stdout: lines('info'), stderr: lines('warn') });
}

/** An answer that finds the channel closed has nobody left to read it. */
function write(messages: PluginsToPrimary | readonly PluginsToPrimary[]): void {
  if (process.connected) process.send?.(messages, undefined, undefined, () => undefined);
}
