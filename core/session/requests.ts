// What the session table is asked, and what it answers.
import type { ClientFacts, Peer, TunnelGrant } from '../ipc/messages.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import type { SessionAttributes } from '../policy/attributes.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { Milliseconds } from '../units.ts';
import type { NetworkConflict } from './address_space.ts';
import type { Pools } from './leases.ts';
import type { SessionEffect } from './effects.ts';
import type { LeaseRefusal } from './leases.ts';
import type { Session } from './session.ts';

/** What may change while the server runs. */
export interface SessionLimits {
  /** How long a cookie is good without a tunnel. */
  readonly cookieLifetimeMs: Milliseconds;
  /** Keep the cookie after the client says goodbye. */
  readonly persistentCookies: boolean;
  /** Refuse a CONNECT from another address than the login's. */
  readonly denyRoaming: boolean;
  /** Sessions of all users together; 0 = no limit. */
  readonly maxClients: number;
}

export interface RegistryOptions extends Pools<Cidr> {
  /** By virtual host: the pools that it has of its own; null = as the main server. */
  readonly hosts?: ReadonlyMap<string, Pools<Cidr>>;
  /** By group that the configuration knows: the same, ahead of those of the host. */
  readonly groups?: ReadonlyMap<string, Pools<Cidr>>;
  /** Prefix length of what a client gets from an IPv6 pool; absent = 128, one address. */
  readonly clientPrefix6?: number;
  /** Addresses that nobody gets by chance. */
  readonly reserved?: readonly IpAddress[];
  /** Networks that this machine is in by itself; asked for when something lies behind a client. */
  readonly serverNetworks?: () => readonly Cidr[];
  /** The same user tends to get the same address. */
  readonly predictable: boolean;
  readonly limits: SessionLimits;
}

export interface Login {
  readonly vhost: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly attributes: SessionAttributes;
  readonly peer: Peer;
  readonly client: ClientFacts;
  readonly policy: SessionPolicy;
  /** SHA-256 of the new cookie, 64 hex digits. */
  readonly cookieHash: string;
}

export type LoginOutcome = { readonly effects: SessionEffect[] } & (
  | { readonly kind: 'accepted'; readonly session: Session }
  | { readonly kind: 'refused'; readonly limit: 'max_clients' | 'max_sessions' }
);

/** The part of a CONNECT that decides on addresses. */
export interface LeaseRequest {
  readonly cookieHash: string;
  readonly peer: Peer;
  readonly client: ClientFacts;
  readonly localAddress: string;
  readonly wantsIpv6: boolean;
  /** 32 random bits: where the search for an address starts unless addresses are predictable. */
  readonly random: number;
}

export interface Open extends LeaseRequest {
  readonly worker: number;
  readonly tunnel: number;
  readonly tls: { readonly version: string; readonly cipher: string };
}

export interface OpenRefused {
  readonly kind: 'refused';
  readonly status: 401 | 503;
  readonly reason: OpenRefusal;
  /** What a network behind the client overlaps. */
  readonly conflict?: NetworkConflict;
  readonly effects: SessionEffect[];
}

export type OpenOutcome =
  | OpenRefused
  | {
      readonly kind: 'granted';
      readonly grant: TunnelGrant;
      readonly effects: SessionEffect[];
    };

export type PrepareOutcome =
  | OpenRefused
  | {
      readonly kind: 'prepared';
      /** With its addresses, and with the peer and the client of this CONNECT. */
      readonly session: Session;
      readonly effects: SessionEffect[];
    };

export type OpenRefusal =
  | 'unknown-cookie'
  | 'roaming-denied'
  | LeaseRefusal
  /** Another session has a network behind this client, or a part of it. */
  | 'network-taken'
  /** It holds addresses of a pool, of the server itself or of the client's outside end. */
  | 'network-unusable';

/** Which tunnel of which session a worker speaks of. */
export interface TunnelReference {
  readonly worker: number;
  readonly tunnel: number;
  readonly session: number;
}

/** Whom an administrator means. */
export type SessionSelector = { readonly user: string } | { readonly id: number };

/** The same, or by the begin of what sessions are called in public. */
export type PublicSelector = SessionSelector | { readonly session: string };

/** Whether the session's current tunnel is the one that a worker speaks of. */
export const carries = ({ state }: Session, { worker, tunnel }: TunnelReference): boolean =>
  state.kind === 'connected' && state.worker === worker && state.tunnel === tunnel;

export const refuse = (
  status: 401 | 503,
  reason: OpenRefusal,
  effects: SessionEffect[],
): OpenRefused => ({ kind: 'refused', status, reason, effects });
