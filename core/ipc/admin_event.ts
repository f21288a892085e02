// What a reader of events hears over the admin socket, a line each.
import type { EpochMs, Milliseconds } from '../units.ts';
import type { AdminSession } from './admin.ts';
import type { TunnelEnd } from './messages.ts';

export type AdminEvent =
  /** The first of all: nothing is missed from now on. */
  | { readonly kind: 'listening'; readonly at: EpochMs }
  | { readonly kind: 'connected'; readonly at: EpochMs; readonly session: AdminSession }
  | {
      readonly kind: 'disconnected';
      readonly at: EpochMs;
      /** As it was connected; its counters are the last ones. */
      readonly session: AdminSession;
      readonly end: TunnelEnd | 'worker-gone';
      readonly lastedMs: Milliseconds;
    }
  /** A wrong password and its like. Only for readers that asked for them. */
  | {
      readonly kind: 'login-refused';
      readonly at: EpochMs;
      readonly address: string;
      readonly vhost: string;
    }
  /** The reader was too slow: so many of the oldest events were thrown away. */
  | { readonly kind: 'lost'; readonly events: number };

/** One line, with its newline. */
export const encodeAdminEvent = (event: AdminEvent): string => `${JSON.stringify({ event })}\n`;

/** Of a line from the server, which is trusted to be one. */
export const decodeAdminEvent = (line: string): AdminEvent =>
  (JSON.parse(line) as { readonly event: AdminEvent }).event;
