// Lines for /dev/log as C libraries send them: RFC 3164 without the host name, which the daemon
// knows itself. All daemons read this; few read RFC 5424 from their local socket.
import type { EpochMs } from '../units.ts';
import { cutText } from './cut.ts';
import { LOG_FACILITY, LOG_IDENTIFIER, severityOf } from './severity.ts';

/** rsyslog's and syslog-ng's own limit, unless they are told otherwise. */
const MOST_BYTES = 8 * 1024;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

export interface SyslogLine {
  /** pino's number. */
  readonly level: number;
  readonly time: EpochMs;
  readonly pid: number;
  readonly text: string;
}

/** `<30>Nov  2 04:05:06 wolfguard[812]: text`, one line; bounded by what daemons take. */
export function renderSyslog({ level, time, pid, text }: SyslogLine, mostBytes = MOST_BYTES) {
  const priority = LOG_FACILITY * 8 + severityOf(level);
  const head = `<${priority}>${timestamp(time)} ${LOG_IDENTIFIER}[${pid}]: `;
  // Daemons write a line break as #012 or end the message at it.
  const line = text.replace(/\s*\n\s*/g, ' | ');
  return cutText(head + line, mostBytes);
}

/** Local time, as the daemon's other lines. */
function timestamp(time: EpochMs): string {
  const date = new Date(time);
  const day = String(date.getDate()).padStart(2, ' ');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${MONTHS[date.getMonth()] ?? ''} ${day} ${clock}`;
}
