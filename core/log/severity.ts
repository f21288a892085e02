/** What syslog and the journal call us. */
export const LOG_IDENTIFIER = 'wolfguard';

/** syslog's number of the facility "daemon". */
export const LOG_FACILITY = 3;

/** pino's level as a severity of syslog: 2 critical, 3 error, 4 warning, 6 information, 7 debug. */
export function severityOf(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}
