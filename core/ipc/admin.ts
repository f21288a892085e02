// What administrators' programs (wolfctl, the dashboard) and the server say to each other over the
// admin socket: one JSON object a line, a reply for each request, in their order.
//
//   ─► {"id":1,"command":"user","name":"alice"}
//   ◄─ {"id":1,"ok":true,"result":[…]}
//   ◄─ {"id":2,"ok":false,"code":"NOT_FOUND","message":"nobody called bob is connected"}
//
// Behind the reply to "events" come events (admin_event.ts), a line each, until the client goes.
import type { BanRecord, PointsRecord } from '../ban/ban_list.ts';
import type { ReloadPlan } from './reload_plan.ts';
import type { PublicSelector } from '../session/requests.ts';
import type { SessionView } from '../session/view.ts';
import type { Bytes, EpochMs, Milliseconds } from '../units.ts';

export type AdminCommand =
  | { readonly command: 'status' }
  /** The connected ones. */
  | { readonly command: 'users' }
  | { readonly command: 'user'; readonly name: string }
  | { readonly command: 'id'; readonly session: number }
  /** All, with those that wait for their client to come back; `valid`: whose cookie is good now. */
  | { readonly command: 'sessions'; readonly valid?: boolean }
  /** `sid`: the public id or its begin; all sessions that it fits. */
  | { readonly command: 'session'; readonly sid: string }
  /** Drops the tunnel; the cookie stays good. A public id must fit one session only. */
  | { readonly command: 'disconnect'; readonly target: PublicSelector }
  /** Drops the tunnel and the cookie. */
  | { readonly command: 'terminate'; readonly target: PublicSelector }
  | { readonly command: 'ip-bans' }
  /** All sources with points, the banned ones among them. */
  | { readonly command: 'ip-ban-points' }
  /** Forgets ban and points; `address` may also be a source as it is listed. */
  | { readonly command: 'unban'; readonly address: string }
  /** Forgets what the user has used of a quota. */
  | { readonly command: 'quota-reset'; readonly user: string }
  /** `dryRun`: only tells what would change. */
  | { readonly command: 'reload'; readonly dryRun?: boolean }
  /** New logins are refused from now on; `limit`: how long sessions may stay; absent = limits.drain. */
  | { readonly command: 'drain'; readonly limit?: Milliseconds }
  /** Back to normal. */
  | { readonly command: 'drain'; readonly off: true }
  | { readonly command: 'stop' }
  /** `logins`: refused logins, too. */
  | { readonly command: 'events'; readonly logins?: boolean };

/** 'draining' and 'stopping': new logins are refused. */
export type AdminState = 'starting' | 'ready' | 'draining' | 'stopping';

export interface AdminStatus {
  readonly version: string;
  readonly startedAt: EpochMs;
  /** The server's clock, for durations that do not depend on the reader's. */
  readonly now: EpochMs;
  readonly pid: number;
  readonly state: AdminState;
  /** When the drain that is under way ends at the latest; null = there is none, or it has no end. */
  readonly drainsUntil: EpochMs | null;
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
  /** Tunnels that are gone, whatever ended them. */
  readonly closedTunnels: number;
  /** From the first form to the cookie: what people and backends take. */
  readonly averageLoginMs: Milliseconds;
  readonly longestLoginMs: Milliseconds;
  /** Of the tunnels that were seen at any listing; null = none was. */
  readonly mtu: { readonly min: Bytes; readonly max: Bytes } | null;
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

export interface AdminBan extends BanRecord {
  readonly endsAt: EpochMs;
}

export interface AdminResults {
  readonly status: AdminStatus;
  readonly users: readonly AdminSession[];
  readonly user: readonly AdminSession[];
  readonly id: readonly AdminSession[];
  readonly sessions: readonly AdminSession[];
  readonly session: readonly AdminSession[];
  readonly disconnect: { readonly sessions: number };
  readonly terminate: { readonly sessions: number };
  readonly 'ip-bans': readonly AdminBan[];
  readonly 'ip-ban-points': readonly PointsRecord[];
  readonly unban: { readonly source: string };
  readonly 'quota-reset': { readonly user: string };
  /** `changed`: the keys of the plan, and the files with other contents. */
  readonly reload: ReloadPlan & { readonly dryRun: boolean; readonly changed: readonly string[] };
  readonly drain: {
    readonly state: AdminState;
    /** When the server stops at the latest; null = with its last session. */
    readonly until: EpochMs | null;
    readonly sessions: number;
  };
  readonly stop: { readonly stopping: true };
  readonly events: { readonly listening: true };
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
