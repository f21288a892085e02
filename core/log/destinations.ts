/** Where the daemons that take our lines listen, by the words of log.destination. */
export const LOG_SOCKETS = {
  /** systemd-journald's native protocol. */
  journal: '/run/systemd/journal/socket',
  /** rsyslog, syslog-ng, busybox, journald: whoever is this machine's syslog. */
  syslog: '/dev/log',
} as const;

/** A word of log.destination that means a socket. */
export type LogDaemon = keyof typeof LOG_SOCKETS;

/** Whether log.destination is one of those words. */
export const isLogDaemon = (destination: string): destination is LogDaemon =>
  destination in LOG_SOCKETS;
