// The log of all processes. The children write JSON lines into a pipe each, and the primary passes
// them on: so it alone opens files, reopens them on reload and makes lines pretty, and a reader of
// our stdout that goes away is a nuisance to it and not the death of every worker.
//
//   logger ──┐
//   child ───┼─► LogQueue (a turn's lines; waits, loses, counts) ─► FileOutlet or DaemonOutlet
//   child ───┘
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { isLogDaemon } from '../core/log/destinations.ts';
import type { Logger } from '../core/log/logger.ts';
import { system } from '../native/system.ts';
import { DaemonOutlet } from './log_daemon.ts';
import { FileOutlet } from './log_file.ts';
import type { LogOutlet } from './log_outlet.ts';
import { renderPretty } from './log_pretty.ts';
import { LogQueue } from './log_queue.ts';

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** 'stdout', 'journal', 'syslog' or the path of a file. */
  readonly destination: string;
}

export interface Log {
  readonly logger: Logger;
  /** Passes the lines of a child's stdout on until it ends. */
  relay(lines: Readable): void;
  setLevel(level: string): void;
  /** Opens the file anew, for log rotation; keeps the old one when that fails. */
  reopen(): void;
  close(): void;
}

/** A line that is longer comes in pieces: a child must not fill the primary's memory. */
const MAX_LINE_CHARACTERS = 64 * 1024;

/** Throws WolfguardError when the file cannot be opened, or nobody listens at the socket. */
export function openLog(options: LogOptions): Log {
  const { destination } = options;
  const outlet = openOutlet(options);
  const pretty = options.format === 'pretty' && !isLogDaemon(destination);
  const colours = pretty && destination === 'stdout' && process.stdout.isTTY;
  const queue = new LogQueue({
    outlet,
    onRecovered: (lines, reason) => {
      logger.warn({ event: 'log.lines_lost', lines, reason }, 'lines could not be written');
    },
  });
  const writeLine = (line: string): void => {
    queue.add(pretty ? renderPretty(line, colours) : line);
  };
  const finish = (): void => queue.finish();
  process.on('exit', finish);
  const stream: DestinationStream = { write: (text) => splitLines(text).forEach(writeLine) };
  const logger: Logger = pino({ level: options.level, base: { process: 'primary' } }, stream);
  return {
    logger,
    relay: (lines) =>
      relayLines(lines, (line) => {
        if (line.startsWith('{')) writeLine(line);
        else logger.warn({ event: 'process.printed' }, line);
      }),
    setLevel: (level) => {
      logger.level = level;
    },
    reopen: () => {
      queue.flush();
      try {
        outlet.reopen();
      } catch (error) {
        logger.warn({ event: 'log.not_reopened', err: error }, 'the log goes on in the old file');
      }
    },
    close: () => {
      finish();
      process.off('exit', finish);
      outlet.close();
    },
  };
}

function openOutlet({ destination, format }: LogOptions): LogOutlet {
  if (!isLogDaemon(destination))
    return new FileOutlet(destination === 'stdout' ? null : destination);
  const native = system();
  return new DaemonOutlet(
    { send: (path, data) => native.sendUnixDatagram(path, data), now: Date.now },
    { daemon: destination, format },
  );
}

function relayLines(stream: Readable, writeLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(writeLine);
    if (rest.length > MAX_LINE_CHARACTERS) {
      writeLine(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') writeLine(rest);
  });
  // A broken pipe is the end of a child, which its supervisor sees by itself.
  stream.on('error', () => undefined);
}

const splitLines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
