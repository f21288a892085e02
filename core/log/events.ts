// Every line of the log from info on: docs/logging.md is made from these tables, and a line whose
// event is not here does not compile. A name once released stays: dashboards and alarms know it.
import { LOGIN_EVENTS } from './events_logins.ts';
import { MACHINE_EVENTS } from './events_machine.ts';
import { PROCESS_EVENTS } from './events_processes.ts';
import { SESSION_EVENTS } from './events_sessions.ts';

export const LOG_EVENTS = {
  ...SESSION_EVENTS,
  ...LOGIN_EVENTS,
  ...PROCESS_EVENTS,
  ...MACHINE_EVENTS,
} as const;
