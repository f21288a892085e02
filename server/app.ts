// The primary process: starts, waits until it is told to stop, and takes everything down again.
import type { ReadConfig } from '../config/check.ts';
import type { Logger, LogLine } from '../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import { system } from '../native/system.ts';
import { keepYoungHeapSmall } from './heap.ts';
import { startPrimary } from './primary.ts';
import type { Primary } from './primary.ts';
import { Readiness } from './readiness.ts';
import { takeServiceManager } from './notifier.ts';
import { Sequence } from './sequence.ts';
import { ServiceReports } from './service_reports.ts';
import { listenForSignals } from './signals.ts';
import { StopRequest } from './stop_request.ts';

export interface ServeOptions {
  readonly configPath: string;
  /** Of a file that is no wolfguard.toml. */
  readonly readConfig?: ReadConfig;
  readonly version: string;
  /** Called once, when clients can connect. */
  readonly onListening: () => void;
  /** What SIGHUP means: a daemon reloads, a program on a terminal that was closed ends. */
  readonly hangup: 'reload' | 'stop';
}

/** Above what all steps of a stop may take together, each at its own limit. */
const STOP_LIMIT_MS: Milliseconds = 30_000;

/** Thrown between two steps of a start when a signal came meanwhile. */
class StartInterrupted extends Error {}

/** Runs the server until it is told to stop; returns the exit code. Throws WolfguardError. */
export async function serve(options: ServeOptions): Promise<number> {
  const startedAt: EpochMs = Date.now();
  keepYoungHeapSmall();
  const readiness = new Readiness();
  const reports = new ServiceReports(takeServiceManager(process.env, process.pid, system()));
  let exitCode = 0;
  let primary: Primary | undefined;
  const logError = (fields: LogLine<'error'>, message: string): void => {
    exitCode = 1;
    logOrPrint(primary?.logger, fields, message);
  };

  const stopRequest = new StopRequest(() => primary?.killChildren());
  const stopListening = listenForSignals({
    stop: (signal) => {
      const now = Date.now();
      if (!stopRequest.isMade && signal === 'SIGTERM' && primary?.terminate() === 'drain') {
        // Who has sent the signal waits for our end, which is as far away as that of the drain.
        reports.stopping((readiness.drainsUntil ?? now) - now + STOP_LIMIT_MS);
      } else stopRequest.make(now);
    },
    hangup: () => (options.hangup === 'stop' ? stopRequest.make(Date.now()) : primary?.reload()),
    // What the bug left behind is unknown: everything is taken down.
    bug: (error) => {
      logError({ event: 'server.bug', err: error }, 'a bug of the server: it stops');
      stopRequest.make(Date.now());
    },
  });
  const sequence = new Sequence({
    beforeStep: () => {
      if (stopRequest.isMade) throw new StartInterrupted();
    },
    undoFailed: (step, error) =>
      logError({ event: 'server.undo_failed', step, err: error }, 'could not be taken down'),
  });
  try {
    primary = await startPrimary(sequence, {
      ...options,
      startedAt,
      readiness,
      reports,
      stop: () => stopRequest.make(Date.now()),
    });
    readiness.setReady();
    reports.ready(primary.facts);
    options.onListening();
    await stopRequest.whenMade;
    readiness.setStopping();
    reports.stopping(STOP_LIMIT_MS);
    primary.logger.info({ event: 'server.stopping' }, 'stopping');
  } catch (error) {
    if (!(error instanceof StartInterrupted)) throw error;
  } finally {
    await sequence.stop();
    reports.close();
    stopListening();
  }
  return exitCode;
}

function logOrPrint(logger: Logger | undefined, line: LogLine<'error'>, message: string): void {
  if (logger === undefined) console.error(`wolfguard: ${message}`, line);
  else logger.error(line, message);
}
