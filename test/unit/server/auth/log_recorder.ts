// A logger that keeps what it is told.
import { pino } from 'pino';
import type { Logger } from '../../../../core/log/logger.ts';

export class LogRecorder {
  /** As JSON, one line each, of every level. */
  readonly lines: string[] = [];
  readonly logger: Logger = pino({ level: 'trace' }, { write: (line) => this.lines.push(line) });

  /** The records of one level (30 info, 40 warn, 50 error). */
  records(level: number): readonly Readonly<Record<string, unknown>>[] {
    return this.lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => record['level'] === level);
  }

  messages(level: number): readonly string[] {
    return this.records(level).map(({ msg }) => String(msg));
  }
}
