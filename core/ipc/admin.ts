// What administrators' programs (wolfctl, the dashboard) and the server say to each other over the
// admin socket: one JSON object a line, a reply for each request, in their order.
//
//   ─► {"id":1,"command":"user","name":"alice"}
//   ◄─ {"id":1,"ok":true,"result":[…]}
//   ◄─ {"id":2,"ok":false,"code":"NOT_FOUND","message":"nobody called bob is connected"}
import type { BanRecord, PointsRecord } from '../ban/ban_list.ts';
import type { SessionSelector } from '../session/requests.ts';
import type { SessionView } from '../session/view.ts';
import type { Bytes, EpochMs, Milliseconds } from '../units.ts';

export type AdminCommand =
  | { readonly command: 'status' }
  /** The connected ones. */
  | { readonly command: 'users' }
  | { readonly command: 'user'; readonly name: string }
  | { readonly command: 'id'; readonly session: number }
  /** All, with those that wait for their client to come back. */
  | { readonly command: 'sessions' }
  /** Drops the tunnel; the cookie stays good. */
  | { readonly command: 'disconnect'; readonly target: SessionSelector }
  /** Drops the tunnel and the cookie. */
  | { readonly command: 'terminate'; readonly target: SessionSelector }
  | { readonly command: 'ip-bans' }
  /** All sources with points, the banned ones among them. */
  | { readonly command: 'ip-ban-points' }
  /** Forgets ban and points; `address` may also be a source as it is listed. */
  | { readonly command: 'unban'; readonly address: string }
  /** Forgets what the user has used of a quota. */
  | { readonly command: 'quota-reset'; readonly user: string }
  | { readonly command: 'reload' }
  | { readonly command: 'stop' };

export interface AdminStatus {
  readonly version: string;
  readonly startedAt: EpochMs;
  /** The server's clock, for durations that do not depend on the reader's. */
  readonly now: EpochMs;
  readonly pid: number;
  readonly authPid: number | null;
  /** By worker number; null = being replaced. */
  readonly workerPids: readonly (number | null)[];
  readonly connected: number;
  readonly sessions: number;
  /** Sources that are banned now. */
  readonly bans: number;
  /** Handed from worker to worker since the start, because the kernel chose the wrong one. */
  readonly forwardedPackets: number;
  readonly statistics: AdminStatistics;
}

/** Counted since the start. */
export interface AdminStatistics {
  readonly logins: number;
  readonly failedLogins: number;
  readonly tunnels: number;
  readonly timedOut: number;
  readonly idledOut: number;
  readonly endedByError: number;
  readonly averageTunnelMs: Milliseconds;
  readonly longestTunnelMs: Milliseconds;
  readonly rxBytes: Bytes;
  readonly txBytes: Bytes;
}

/** A session, with the server's own address inside in each family that the session has. */
export interface AdminSession extends SessionView {
  readonly local4: string | null;
  readonly local6: string | null;
}

export interface AdminResults {
  readonly status: AdminStatus;
  readonly users: readonly AdminSession[];
  readonly user: readonly AdminSession[];
  readonly id: readonly AdminSession[];
  readonly sessions: readonly AdminSession[];
  readonly disconnect: { readonly sessions: number };
  readonly terminate: { readonly sessions: number };
  readonly 'ip-bans': readonly BanRecord[];
  readonly 'ip-ban-points': readonly PointsRecord[];
  readonly unban: { readonly source: string };
  readonly 'quota-reset': { readonly user: string };
  /** The keys whose new values hold from now on. */
  readonly reload: { readonly changed: readonly string[] };
  readonly stop: { readonly stopping: true };
}

export type AdminErrorCode = 'BAD_REQUEST' | 'NOT_FOUND' | 'REFUSED' | 'FAILED';

export type AdminReply<C extends AdminCommand['command'] = AdminCommand['command']> =
  { readonly id: number; readonly ok: true; readonly result: AdminResults[C] } | AdminError;

export interface AdminError {
  readonly id: number;
  readonly ok: false;
  readonly code: AdminErrorCode;
  /** A sentence for people. */
  readonly message: string;
}

/** No command is longer; a longer line is not one of ours. */
export const MAX_ADMIN_REQUEST_BYTES = 4096;

/** One line, with its newline. */
export const encodeAdminRequest = (id: number, command: AdminCommand): string =>
  `${JSON.stringify({ id, ...command })}\n`;

export type ParsedAdminRequest =
  | { readonly kind: 'request'; readonly id: number; readonly request: AdminCommand }
  | { readonly kind: 'bad'; readonly id: number; readonly reason: string };

/** Parses one line; a bad one keeps its id where it has one, else 0. */
export function parseAdminRequest(line: string): ParsedAdminRequest {
  const fields = parseObject(line);
  if (fields === undefined) return { kind: 'bad', id: 0, reason: 'not a JSON object' };
  const id = isNumber(fields['id']) ? fields['id'] : 0;
  const request = parseCommand(fields);
  if (typeof request === 'string') return { kind: 'bad', id, reason: request };
  return { kind: 'request', id, request };
}

function parseCommand(fields: Readonly<Record<string, unknown>>): AdminCommand | string {
  const { command } = fields;
  switch (command) {
    case 'status':
    case 'users':
    case 'sessions':
    case 'ip-bans':
    case 'ip-ban-points':
    case 'reload':
    case 'stop':
      return { command };
    case 'user': {
      const { name } = fields;
      return typeof name === 'string' ? { command, name } : '"name" must be a string';
    }
    case 'id': {
      const { session } = fields;
      return isNumber(session) ? { command, session } : '"session" must be a number';
    }
    case 'quota-reset': {
      const { user } = fields;
      return typeof user === 'string' ? { command, user } : '"user" must be a string';
    }
    case 'unban': {
      const { address } = fields;
      return typeof address === 'string' ? { command, address } : '"address" must be a string';
    }
    case 'disconnect':
    case 'terminate': {
      const target = parseSelector(fields['target']);
      return target === undefined
        ? '"target" must be {"user": string} or {"id": number}'
        : { command, target };
    }
    default:
      return 'unknown command';
  }
}

function parseSelector(target: unknown): SessionSelector | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  const { user, id } = target as Record<string, unknown>;
  if (typeof user === 'string') return { user };
  return isNumber(id) ? { id } : undefined;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
