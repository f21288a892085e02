// The server itself: its life, its processes, its log, hooks and plugins.
import type { EventTable } from './event_facts.ts';

const REPORT = 'Report it with the stack in err.';

export const PROCESS_EVENTS = {
  'server.ready': {
    level: 'info',
    fields: ['pid', 'workers', 'sessions'],
    meaning: 'Everything is set up: clients can connect.',
  },
  'metrics.listening': {
    level: 'info',
    fields: ['listen'],
    meaning: 'Whoever reaches these addresses may read the metrics.',
  },
  'server.stopping': {
    level: 'info',
    fields: [],
    meaning: 'The server was told to stop and takes itself down.',
  },
  'server.stopped': {
    level: 'info',
    fields: [],
    meaning: 'Everything is taken down; the last line.',
  },
  'server.bug': {
    level: 'error',
    fields: ['err'],
    meaning:
      'A bug of the primary process: the server stops, since what it left behind is unknown.',
    remedy: REPORT,
  },
  'server.undo_failed': {
    level: 'error',
    fields: ['step', 'err'],
    meaning: 'One step of the start could not be taken back at the stop.',
    remedy:
      'Look whether the device, the nftables table or the socket of that step is still there.',
  },
  'drain.began': {
    level: 'info',
    fields: ['sessions', 'limitMs'],
    meaning:
      'New logins are refused; the server stops when no session is left, or after limitMs (null = it waits for all).',
  },
  'drain.ended': {
    level: 'info',
    fields: [],
    meaning: 'A drain was called off: new logins are taken again.',
  },
  'drain.over': {
    level: 'info',
    fields: ['sessions'],
    meaning: 'A drain is over and the server stops; so many sessions were left.',
  },
  'reload.done': {
    level: 'info',
    fields: ['changed'],
    meaning: 'A reload is in force; changed lists the keys.',
  },
  'reload.refused': {
    level: 'error',
    fields: ['reason'],
    meaning: 'A reload found a mistake: nothing at all has changed.',
    remedy:
      'Correct what reason names and reload again; "wolfctl reload --dry-run" shows the same.',
  },
  'process.died': {
    level: 'warn',
    fields: ['child', 'pid', 'reason', 'delayMs'],
    meaning:
      'A worker, the auth process or the plugin process has died; another starts after delayMs. ' +
      'The clients of a worker come back by themselves.',
    remedy: 'Once: nothing. Again and again: report the lines before it, or its core file.',
  },
  'process.cannot_run': {
    level: 'error',
    fields: ['child', 'reason'],
    meaning: 'A process said why it cannot go on, and ends.',
    remedy: 'reason says what is missing; process.died follows.',
  },
  'process.killed': {
    level: 'warn',
    fields: ['child'],
    meaning: 'A process did not stop in time and was killed.',
    remedy: 'Once: nothing. At each stop: report it.',
  },
  'process.message_failed': {
    level: 'error',
    fields: ['err', 'child'],
    meaning: 'A message of a process could not be handled: the process is killed and replaced.',
    remedy: REPORT,
  },
  'process.printed': {
    level: 'warn',
    fields: [],
    meaning: 'A process wrote a line that is none of ours, mostly the last words of a crash.',
    remedy: 'Report it if process.died follows.',
  },
  'worker.crashed': {
    level: 'fatal',
    fields: ['err'],
    meaning: 'A bug of a worker: it ends, and process.died follows.',
    remedy: REPORT,
  },
  'metrics.crashed': {
    level: 'fatal',
    fields: ['err'],
    meaning: 'A bug of the metrics process: it ends, and process.died follows.',
    remedy: REPORT,
  },
  'worker.settings_refused': {
    level: 'error',
    fields: ['err'],
    meaning:
      'A worker could not take over settings (a reload asks it before): it goes on with the old ones.',
    remedy: 'Reload again; if that does not help, restart.',
  },
  'worker.not_urgent': {
    level: 'info',
    fields: [],
    meaning: 'The packet thread may not be raised above others: the others are lowered instead.',
    remedy: 'Give CAP_SYS_NICE if packets wait under load.',
  },
  'engine.warning': {
    level: 'warn',
    fields: [],
    meaning: 'The packet engine has met something that it goes on without; the message says what.',
    remedy: 'The message says what to do.',
  },
  'http.request_failed': {
    level: 'error',
    fields: ['err'],
    meaning: 'A bug of a worker: one request was answered with status 500.',
    remedy: REPORT,
  },
  'admin.not_allowed': {
    level: 'warn',
    fields: ['uid', 'pid'],
    meaning: 'A user of this machine who may not tried to speak to the admin socket.',
    remedy: 'Run wolfctl as root or as the group of admin.group; else ask that user.',
  },
  'admin.caller_unknown': {
    level: 'warn',
    fields: ['err'],
    meaning: 'The kernel did not tell who called the admin socket: the call was refused.',
    remedy: 'Report it.',
  },
  'log.not_reopened': {
    level: 'warn',
    fields: ['err'],
    meaning: 'The log could not be opened anew: it goes on where it went before.',
    remedy: 'Look at the folder and its rights, then reload again.',
  },
  'log.lines_lost': {
    level: 'warn',
    fields: ['lines', 'reason'],
    meaning: 'So many lines could not be written to log.destination; now lines go out again.',
    remedy: 'Look at the disk, at journald or at the syslog daemon of that time.',
  },
  'hook.failed': {
    level: 'info',
    fields: ['hook', 'session', 'code', 'lastLine'],
    meaning: 'A hook ended with an error; a connect hook refuses the session so.',
  },
  'hook.cannot_run': {
    level: 'error',
    fields: ['hook', 'session', 'path', 'reason'],
    meaning: 'A hook is missing, not executable, or others may write it.',
    remedy: 'reason says which; until then a connect hook refuses everybody.',
  },
  'hook.timeout': {
    level: 'warn',
    fields: ['hook', 'session', 'lastLine'],
    meaning: 'A hook took longer than hooks.timeout and was killed.',
    remedy: 'lastLine is the last thing it said; let it do its work in the background.',
  },
  'hook.killed': {
    level: 'warn',
    fields: ['hook', 'session', 'signal', 'lastLine'],
    meaning: 'A hook was ended by a signal that was not ours.',
    remedy: 'Look who killed it: mostly the kernel, out of memory.',
  },
  'hook.busy': {
    level: 'warn',
    fields: ['session'],
    meaning: 'So many connect hooks wait that a session was refused.',
    remedy: 'Make the hook quicker.',
  },
  'hook.bug': {
    level: 'error',
    fields: ['err', 'session'],
    meaning: 'A bug of the server: one hook was not run.',
    remedy: REPORT,
  },
  'hooks.not_saved': {
    level: 'warn',
    fields: ['err'],
    meaning: 'Which disconnect hooks are owed cannot be written: a crash would forget them.',
    remedy: 'Look at the disk and the rights of state.dir.',
  },
  'plugins.loaded': {
    level: 'info',
    fields: ['pid'],
    meaning: 'The plugins run, in the process with this pid.',
  },
  'plugins.silent': {
    level: 'warn',
    fields: ['occasion', 'session', 'why'],
    meaning: 'The plugins did not answer in time or died; a connect is refused so.',
    remedy: 'Look at plugin.says and process.died of that time.',
  },
  'plugins.crashed': {
    level: 'fatal',
    fields: ['err'],
    meaning: 'A plugin has thrown outside of its methods: the plugin process starts anew.',
    remedy: 'Correct the plugin; err has the place.',
  },
  'plugin.refused': {
    level: 'info',
    fields: ['session'],
    meaning: 'A plugin refused a session.',
  },
  'plugin.says': {
    level: 'any',
    fields: [],
    meaning: "A line of a plugin (plugin names its file), with the plugin's own fields and level.",
    remedy: 'Its author knows.',
  },
} as const satisfies EventTable;
