// One session: a login, from its acceptance until its cookie is worth nothing any more.
//
//             open                     open on another tunnel
//   waiting ───────► connected ◄──┐    (the old one is closed: 'replaced')
//      ▲                 │  └─────┘
//      └─────────────────┤ lost, dpd, idle, worker gone, admin disconnect
//                        │
//   expired, logout, terminate, goodbye, an end by time or quota ──► deleted
import type { ClientFacts, Peer, TunnelCounters, TunnelEnd } from '../ipc/messages.ts';
import type { Cidr } from '../net/address.ts';
import type { SessionAttributes } from '../policy/attributes.ts';
import type { Ending } from '../policy/closing.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import type { InsideAddresses } from './leases.ts';

/** What is known about a session whatever its state; sessions are values and never change. */
export interface SessionFacts extends InsideAddresses {
  /** Our number of it, from 1, never used again. */
  readonly session: number;
  /** SHA-256 of the cookie as 64 hex digits. The cookie itself is kept nowhere. */
  readonly cookieHash: string;
  /** The virtual host of the login; '' = the main server. */
  readonly vhost: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly loginAt: EpochMs;
  /** Where the login came from: what `deny_roaming` compares with. */
  readonly loginAddress: string;
  /** The client's last outside end. */
  readonly peer: Peer;
  readonly client: ClientFacts;
  /** What the backends of the login said about it. */
  readonly attributes: SessionAttributes;
  /** When its first tunnel was granted: its accounts begin there; null = it never had one. */
  readonly openedAt: EpochMs | null;
  /** Sum over the tunnels that are gone. */
  readonly totals: TunnelCounters;
}

export type SessionState =
  /** Logged in or dropped: may (come back and) connect until `expiresAt`. */
  | { readonly kind: 'waiting'; readonly since: EpochMs; readonly expiresAt: EpochMs }
  | {
      readonly kind: 'connected';
      readonly since: EpochMs;
      readonly worker: number;
      readonly tunnel: number;
      readonly tls: { readonly version: string; readonly cipher: string };
      /**
       * What its worker owns: the part of the lease that this tunnel uses, addresses as networks of
       * one, and what lies behind the client.
       */
      readonly networks: readonly Cidr[];
    };

export interface Session extends SessionFacts {
  /** Our own address that its last CONNECT came to; '' = there was none in this run. */
  readonly localAddress: string;
  readonly policy: SessionPolicy;
  /** When time ends it; null = never. */
  readonly ending: Ending | null;
  readonly state: SessionState;
}

/** What outlives the process. `expiresAt` null = it was connected when it was saved. */
export interface SessionRecord extends SessionFacts {
  readonly expiresAt: EpochMs | null;
}

/** The part of a session that a restart needs; its policy is made anew from the configuration. */
export const recordOf = (session: Session): SessionRecord => ({
  session: session.session,
  cookieHash: session.cookieHash,
  vhost: session.vhost,
  user: session.user,
  groups: session.groups,
  attributes: session.attributes,
  loginAt: session.loginAt,
  loginAddress: session.loginAddress,
  peer: session.peer,
  client: session.client,
  inside4: session.inside4,
  inside6: session.inside6,
  openedAt: session.openedAt,
  totals: session.totals,
  expiresAt: session.state.kind === 'waiting' ? session.state.expiresAt : null,
});

/** Why a session is no more. */
export type SessionEnd =
  | TunnelEnd
  /** Its cookie was not used in time. */
  | 'expired'
  /** GET /logout or a logout document. */
  | 'logout'
  /** The same user logged in once more than max_sessions allows. */
  | 'displaced'
  /** A check at its CONNECT said no: a hook, for one. */
  | 'refused';

export const NO_TRAFFIC: TunnelCounters = {
  rxBytes: 0,
  rxPackets: 0,
  txBytes: 0,
  txPackets: 0,
  spoofedPackets: 0,
  droppedPackets: 0,
  deniedPackets: 0,
};

export const addCounters = (a: TunnelCounters, b: TunnelCounters): TunnelCounters => ({
  rxBytes: a.rxBytes + b.rxBytes,
  rxPackets: a.rxPackets + b.rxPackets,
  txBytes: a.txBytes + b.txBytes,
  txPackets: a.txPackets + b.txPackets,
  spoofedPackets: a.spoofedPackets + b.spoofedPackets,
  droppedPackets: a.droppedPackets + b.droppedPackets,
  deniedPackets: a.deniedPackets + b.deniedPackets,
});

/** The session without a tunnel; its cookie is good from `now` on for that long. */
export const waiting = (session: Session, now: EpochMs, lifetimeMs: Milliseconds): Session => ({
  ...session,
  state: { kind: 'waiting', since: now, expiresAt: now + lifetimeMs },
});

/** The session whose cookie does not run out before `until`. */
export function held(session: Session, until: EpochMs): Session {
  const { state } = session;
  if (state.kind === 'connected') return session;
  return { ...session, state: { ...state, expiresAt: Math.max(state.expiresAt, until) } };
}

/** When something must happen to the session by itself; null = never. */
export function deadlineOf({ state, ending }: Session): EpochMs | null {
  if (state.kind === 'connected') return ending?.at ?? null;
  return Math.min(state.expiresAt, ending?.at ?? Infinity);
}

/** The group that policy and listings use: the first that the backend named. */
export const groupOf = ({ groups }: Pick<SessionFacts, 'groups'>): string => groups[0] ?? '';
