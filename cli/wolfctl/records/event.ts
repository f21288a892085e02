import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import { formatTime } from '../text.ts';
import { formatAge, seconds } from './record.ts';
import type { JsonRecord } from './record.ts';
import { userRecord } from './user.ts';

/** For `show events`: what happened, and for tunnels everything that `show id` tells of the session. */
export function eventRecord(event: AdminEvent): JsonRecord {
  switch (event.kind) {
    case 'listening':
      return eventFields('listening', event.at);
    case 'connected':
      return { ...eventFields('connected', event.at), ...userRecord(event.session, event.at) };
    case 'disconnected':
      return {
        ...eventFields('disconnected', event.at),
        ...userRecord(event.session, event.at),
        State: 'disconnected',
        Reason: reasonOf(event),
        Duration: formatAge(event.lastedMs),
        raw_duration: seconds(event.lastedMs),
      };
    case 'login-refused':
      return {
        ...eventFields('login refused', event.at),
        'Remote IP': event.address,
        vhost: event.vhost === '' ? 'default' : event.vhost,
      };
    case 'lost':
      return { Event: 'lost', Events: event.events };
  }
}

/** Why a tunnel ended, in occtl's words where it has some. */
export const reasonOf = ({ end }: Extract<AdminEvent, { kind: 'disconnected' }>): string =>
  REASONS[end];

const REASONS = {
  'user-disconnect': 'user disconnected',
  lost: 'connection lost',
  'dpd-timeout': 'DPD timeout',
  'idle-timeout': 'idle timeout',
  'session-timeout': 'session timeout',
  replaced: 'connected anew',
  admin: 'server disconnected',
  shutdown: 'server stops',
  'protocol-error': 'unspecified error',
  'hours-over': 'not at this time',
  'account-expired': 'account expired',
  'quota-used': 'quota used up',
  'worker-gone': 'a process of the server failed',
} as const;

const eventFields = (name: string, at: number): JsonRecord => ({
  Event: name,
  At: formatTime(at),
  raw_at: seconds(at),
});
