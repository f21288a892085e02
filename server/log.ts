// The log of all processes. The children write JSON lines into a pipe each, and the primary passes
// them on: so it alone opens files, reopens them on reload and makes lines pretty, and a reader of
// our stdout that goes away is a nuisance to it and not the death of every worker.
import { closeSync, openSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { WolfguardError } from '../core/error.ts';
import type { Logger } from '../core/log/logger.ts';
import { renderPretty } from './log_pretty.ts';

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** 'stdout' or the path of a file. */
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
const STDOUT_FD = 1;

/** Throws WolfguardError when the file cannot be opened. */
export function openLog(options: LogOptions): Log {
  const toFile = options.destination !== 'stdout';
  const pretty = options.format === 'pretty';
  const colours = pretty && !toFile && process.stdout.isTTY;
  let fd = toFile ? openFile(options.destination) : STDOUT_FD;

  // The lines of one turn of the event loop are one write: a login has four.
  let waiting = '';
  const flush = (): void => {
    if (waiting !== '') writeAll(fd, waiting);
    waiting = '';
  };
  const writeLine = (line: string): void => {
    if (waiting === '') setImmediate(flush);
    waiting += `${pretty ? renderPretty(line, colours) : line}\n`;
    if (waiting.length > MAX_LINE_CHARACTERS) flush();
  };
  process.on('exit', flush);
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
      if (!toFile) return;
      flush();
      try {
        const old = fd;
        fd = openFile(options.destination);
        closeSync(old);
      } catch (error) {
        logger.warn({ event: 'log.not_reopened', err: error }, 'the log goes on in the old file');
      }
    },
    close: () => {
      flush();
      process.off('exit', flush);
      if (toFile) closeSync(fd);
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o640);
  } catch (error) {
    throw new WolfguardError(
      'LOG_FILE',
      `The log file ${path} cannot be opened (${(error as Error).message}): check log.destination.`,
    );
  }
}

/**
 * Synchronous, so that the last words before an exit are on disk. A reader that went away or a
 * full pipe costs lines of the log and never the server.
 */
function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  } catch {
    return;
  }
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
