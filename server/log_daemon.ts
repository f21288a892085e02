import { statSync } from 'node:fs';
import { WolfguardError } from '../core/error.ts';
import { LOG_SOCKETS } from '../core/log/destinations.ts';
import type { LogDaemon } from '../core/log/destinations.ts';
import { encodeJournalEntry } from '../core/log/journal.ts';
import { renderSyslog } from '../core/log/syslog.ts';
import type { System } from '../native/system.ts';
import { parseRecord, renderWords } from './log_pretty.ts';
import type { LogOutlet, Outcome } from './log_outlet.ts';

export interface DaemonComponents {
  readonly send: System['sendUnixDatagram'];
  readonly now: () => number;
}

export interface DaemonOptions {
  readonly daemon: LogDaemon;
  /** The message is the words of the line with their fields, or the JSON line as it is. */
  readonly format: 'json' | 'pretty';
  /** Of the daemon's socket. */
  readonly path?: string;
}

/** Small enough for a kernel that was told to keep datagrams short. */
const SHORT_BYTES = 2048;

/**
 * Lines to journald or syslog, a datagram each. Nothing is connected, so a daemon that was started
 * anew is found. Throws WolfguardError when nobody listens at the start.
 */
export class DaemonOutlet implements LogOutlet {
  readonly #components: DaemonComponents;
  readonly #options: Required<DaemonOptions>;

  constructor(components: DaemonComponents, options: DaemonOptions) {
    this.#components = components;
    this.#options = { path: LOG_SOCKETS[options.daemon], ...options };
    requireSocket(this.#options);
  }

  write(lines: readonly string[]): Outcome {
    let lost = 0;
    for (const [index, line] of lines.entries()) {
      const sent = this.#send(line);
      if (sent === 'too-long') lost += 1;
      else if (sent !== 'sent') return { done: index, lost, trouble: this.#words(sent) };
    }
    return { done: lines.length, lost };
  }

  reopen(): void {
    // There is nothing that could be old.
  }

  close(): void {
    // There is nothing that is open.
  }

  #send(line: string): 'sent' | 'full' | 'gone' | 'too-long' {
    for (const most of [undefined, SHORT_BYTES]) {
      try {
        return this.#components.send(this.#options.path, this.#encode(line, most));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EMSGSIZE') return 'gone';
      }
    }
    return 'too-long';
  }

  #encode(line: string, mostBytes: number | undefined): Uint8Array {
    const record = parseRecord(line) ?? { msg: line };
    const text = this.#options.format === 'json' ? line : renderWords(record);
    if (this.#options.daemon === 'journal') return encodeJournalEntry(record, text, mostBytes);
    const level = Number(record['level'] ?? 30);
    const time = Number(record['time'] ?? this.#components.now());
    return Buffer.from(renderSyslog({ level, time, pid: process.pid, text }, mostBytes));
  }

  #words(trouble: 'full' | 'gone'): string {
    const { path } = this.#options;
    return trouble === 'full' ? `the reader of ${path} is behind` : `nobody reads ${path}`;
  }
}

function requireSocket({ daemon, path }: Required<DaemonOptions>): void {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) return;
  throw new WolfguardError(
    'LOG_SOCKET',
    `log.destination = "${daemon}", and there is no socket ${path}: start the daemon, or choose ` +
      '"stdout" or a file.',
  );
}
