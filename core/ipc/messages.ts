// What the processes say to each other. Server and worker never import one another: these unions
// are all they share. Every message is plain data (structured clone; bigint and Uint8Array are
// fine) over the IPC channel of child_process.fork with serialization: 'advanced'.
//
//   worker ── WorkerToPrimary ──► primary ── AuthRequest ──► auth
//   worker ◄─ PrimaryToWorker ─── primary ◄─ AuthReply ───── auth
import type { Listener } from '../connect/udp_port.ts';
import type { IpAddress } from '../net/address.ts';
import type { SessionAttributes } from '../policy/attributes.ts';
import type { TimedEnd } from '../policy/closing.ts';
import type { PolicyLists, SessionPolicy } from '../policy/policy.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import type { AliveMessage } from './alive.ts';
import type { MeasuresMessage } from './measures.ts';

/** The outside end of a connection, as text without brackets. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** What the HTTP requests say about the client program [oc 2.2, 2.3]. */
export interface ClientFacts {
  readonly userAgent: string;
  readonly kind:
    | 'openconnect-v3'
    | 'openconnect'
    | 'anyconnect'
    | 'anyconnect-apple'
    | 'cisco-phone'
    | 'unknown';
  readonly mobile: boolean;
  /** Sanitised host name that the client gave; '' if none. */
  readonly hostname: string;
  readonly platform: string;
  /** The model of a phone; '' if the client does not say. */
  readonly deviceType: string;
}

// ─── login ────────────────────────────────────────────────────────────────────────────────────

/** One step of a login dialogue. `dialogue` is the webvpncontext cookie [oc 3], null at first. */
export interface LoginRequest {
  readonly dialogue: string | null;
  readonly step: { readonly group: string | null; readonly urlGroup: string | null } & (
    | { readonly kind: 'start' }
    | {
        readonly kind: 'reply';
        /** Form values by input name: username, password, secondary_password … [oc 4.4]. */
        readonly fields: Readonly<Record<string, string>>;
      }
  );
  readonly client: ClientFacts;
  readonly peer: Peer;
  /** The virtual host that the client asked for by SNI: a configured name, '' = the main server. */
  readonly vhost: string;
  /** null: the client presented none, or none was asked for. */
  readonly certificate: ClientCertificate | null;
  /** Said by the primary: the source has collected points, and waits where there is a queue. */
  readonly suspect?: boolean;
}

/** The certificate that a client proved to have the key of. */
export interface ClientCertificate {
  /** The leaf, DER. */
  readonly der: Uint8Array;
  /** null: tls.client_ca and tls.client_crl vouch for it; else why they do not, in OpenSSL's words. */
  readonly error: string | null;
}

/** A group that a person may choose at login. */
export interface SelectableGroup {
  readonly name: string;
  /** What the person reads. */
  readonly label: string;
}

/** A form to show [oc 4.3]. A form without inputs and groups shows its message and ends the dialogue. */
export interface LoginForm {
  readonly message: string;
  readonly error: string | null;
  /** A select of these; the chosen one stands first. Empty = none. */
  readonly groups: readonly SelectableGroup[];
  /** The group that the URL names: the reply goes there too. null = to the usual place. */
  readonly urlGroup: string | null;
  readonly inputs: readonly {
    readonly type: 'text' | 'password';
    readonly name: string;
    readonly label: string;
  }[];
}

/** An AnyConnect profile that a client may fetch if it has not got this one [oc 4.11]. */
export interface ProfileNotice {
  /** Letters, digits, "_", "." and "-". */
  readonly name: string;
  /** Upper-case hex. */
  readonly sha1: string;
}

/** What becomes of a client that asks for its profile. */
export type ProfileReply =
  | { readonly kind: 'profile'; readonly xml: string }
  /** The session's policy offers none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown-cookie' };

/** What the worker answers the client with. */
export type LoginReply =
  | { readonly kind: 'form'; readonly dialogue: string | null; readonly form: LoginForm }
  | {
      readonly kind: 'complete';
      readonly cookie: string;
      readonly banner: string;
      readonly profile?: ProfileNotice;
    }
  /** Over: 401 and a closed connection [oc 4.12]. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** A backend is down or we are full: 503 with X-Reason. Never taken for a wrong password. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** Nobody is let in now, whoever it is; the person who tries shall read why. */
  | { readonly kind: 'turned-away'; readonly reason: string };

/** What the auth process tells the primary, which alone makes sessions and cookies. */
export type AuthOutcome =
  | (Extract<LoginReply, { kind: 'form' | 'failed' }> & {
      /** This very step was an attempt that every chain refused: it costs the source ban points. */
      readonly refused: boolean;
    })
  | Extract<LoginReply, { kind: 'unavailable' }>
  | {
      readonly kind: 'accepted';
      readonly user: string;
      /** The group that was chosen, or else the backend's first, stands first. */
      readonly groups: readonly string[];
      readonly attributes: SessionAttributes;
    };

// ─── tunnel ───────────────────────────────────────────────────────────────────────────────────

/** A CONNECT that bears a cookie [oc 5.1]. */
export interface OpenTunnelRequest {
  readonly cookie: string;
  /** The engine's number of this connection; it becomes the tunnel's number. */
  readonly tunnel: number;
  readonly client: ClientFacts;
  readonly peer: Peer;
  /** Our own address that the client came to. */
  readonly localAddress: string;
  readonly wantsIpv6: boolean;
  readonly tls: { readonly version: string; readonly cipher: string };
}

/** What the primary grants: the lease, the frozen policy and the clocks. */
export interface TunnelGrant {
  readonly session: number;
  readonly user: string;
  readonly group: string;
  readonly inside4: { readonly address: IpAddress; readonly prefix: number } | null;
  readonly inside6: { readonly address: IpAddress; readonly prefix: number } | null;
  readonly policy: SessionPolicy;
  /** When the session ends whatever happens; null = never. Counted from the login. */
  readonly sessionEndsAt: EpochMs | null;
  /** Why it does. */
  readonly sessionEndsBy: TimedEnd;
}

export type OpenTunnelReply =
  | {
      readonly kind: 'granted';
      readonly grant: TunnelGrant;
      /** The policy's lists stand under this key of 'policy-lists', and not in the grant. */
      readonly lists?: string;
    }
  /** 401 ends the client's reconnect loop; 503 carries X-Reason [oc 5.2]. */
  | { readonly kind: 'refused'; readonly status: 401 | 503; readonly reason: string };

/** Why a tunnel is gone [oc 10.1]. */
export type TunnelEnd =
  /** Type 5 with reason b0 or 70: the session is over unless cookies persist [oc 6.3]. */
  | 'user-disconnect'
  /** EOF, reset, or type 5 with 91/d1: the client may come back with its cookie. */
  | 'lost'
  | 'dpd-timeout'
  | 'idle-timeout'
  | 'session-timeout'
  /** A second CONNECT took the session over. */
  | 'replaced'
  | 'admin'
  | 'shutdown'
  | 'protocol-error'
  /** The policy's hours are over. */
  | 'hours-over'
  /** The account has expired. */
  | 'account-expired'
  | 'quota-used';

export interface TunnelCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly txBytes: number;
  readonly txPackets: number;
  /** Packets from the client with an inside address that is not its own. */
  readonly spoofedPackets: number;
  readonly droppedPackets: number;
  /** Packets that the session's policy forbids. */
  readonly deniedPackets: number;
}

/** A tunnel as its worker sees it now. */
export interface TunnelStatus extends TunnelCounters {
  readonly tunnel: number;
  readonly session: number;
  readonly channel: 'dtls' | 'tls';
  readonly tlsCipher: string;
  readonly dtlsCipher: string;
  readonly mtu: number;
  /** What was agreed on at CONNECT; absent = neither channel is compressed. */
  readonly compression?: { readonly tls: string | null; readonly dtls: string | null } | undefined;
}

/** Datagrams from there belong to a tunnel of this worker, or no longer do. */
export interface EndpointChange {
  /** 16 bytes; an IPv4 address as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
  readonly port: number;
  readonly owned: boolean;
}

// ─── worker ⇄ primary ─────────────────────────────────────────────────────────────────────────

/** What TLS presents and asks for, for one server name. */
export interface TlsSettings {
  /** The name that clients ask for by SNI, in lower case; '' = the main server, for all others. */
  readonly name: string;
  /** Never empty. An RSA and an ECDSA pair may stand side by side. */
  readonly certificates: readonly { readonly chainPem: string; readonly privateKeyPem: string }[];
  /** DER, stapled with the first certificate; null = none. */
  readonly ocspResponse: Uint8Array | null;
  /** PEM; '' = clients are not asked for a certificate. */
  readonly clientCaPem: string;
  /** PEM; '' = nothing is revoked. */
  readonly clientCrlPem: string;
  readonly minVersion: '1.2' | '1.3';
  readonly groups: string;
  readonly ciphers: string;
}

/** The PROXY header ahead of TLS. */
export interface ProxySettings {
  readonly mode: 'off' | 'v1' | 'v2' | 'any';
  /** Networks as text; connections from elsewhere are closed. */
  readonly trusted: readonly string[];
}

/** All that a worker needs to know; sent once at start and again on reload. */
export interface WorkerSettings {
  /** The main server first, then the virtual hosts. */
  readonly tls: readonly TlsSettings[];
  readonly proxy: ProxySettings;
  /** secret '' = off. realm '' = 404 instead of 401 for those without the secret [oc 2.5]. */
  readonly camouflage: { readonly secret: string; readonly realm: string };
  /** Where datagrams are taken; [] = no DTLS [oc 8.7]. */
  readonly udp: readonly Listener[];
  /** Datagrams of a tunnel count only from the address of its TLS connection. */
  readonly denyRoaming: boolean;
  readonly dtlsLegacy: boolean;
  /** This machine's CPU has instructions for AES-GCM. */
  readonly aesHardware: boolean;
  /** New connections a second of one source, over all workers; 0 = no limit. */
  readonly acceptRate: number;
  readonly authTimeoutMs: Milliseconds;
  readonly cookieLifetimeMs: Milliseconds;
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** MTU of the TUN device: the upper bound of what a tunnel may carry. */
  readonly tunMtu: number;
  readonly logLevel: string;
}

export type WorkerToPrimary =
  /** The engine runs and the privileges are gone. */
  | { readonly kind: 'ready' }
  /** The worker cannot run; it exits after this. */
  | { readonly kind: 'fatal'; readonly message: string }
  | AliveMessage
  | MeasuresMessage
  /** What 'try-settings' would have come to; null = all is well. */
  | { readonly kind: 'settings-tried'; readonly id: number; readonly problem: string | null }
  | { readonly kind: 'login'; readonly id: number; readonly request: LoginRequest }
  | { readonly kind: 'open-tunnel'; readonly id: number; readonly request: OpenTunnelRequest }
  /** Is this the cookie of a session? Asked for strangers of a camouflaged server [oc 2.5]. */
  | { readonly kind: 'check-cookie'; readonly id: number; readonly cookie: string }
  | { readonly kind: 'profile'; readonly id: number; readonly cookie: string }
  /** GET /logout or a config-auth of type logout with this cookie. */
  | { readonly kind: 'logout'; readonly cookie: string }
  | { readonly kind: 'tunnel-opened'; readonly session: number; readonly tunnel: number }
  | {
      readonly kind: 'tunnel-closed';
      readonly session: number;
      readonly tunnel: number;
      readonly end: TunnelEnd;
      readonly counters: TunnelCounters;
    }
  /**
   * Connections that ended without a login or with a bad cookie, by the peer's address, since the
   * last time.
   */
  | { readonly kind: 'failed-connects'; readonly counts: readonly (readonly [string, number])[] }
  /** For steering in the kernel. Until the primary has heard it, workers forward. */
  | { readonly kind: 'endpoints'; readonly changes: readonly EndpointChange[] }
  /** Its packet thread, of that number in the kernel, should be made urgent again. */
  | { readonly kind: 'packets-calm'; readonly thread: number }
  | {
      readonly kind: 'tunnels';
      readonly id: number;
      readonly tunnels: readonly TunnelStatus[];
      /** Packets and datagrams that this process has handed to the worker that owns them. */
      readonly forwardedPackets: number;
    };

export type PrimaryToWorker =
  /** First message: the fds are those of WORKER_FDS below. */
  | {
      readonly kind: 'start';
      readonly worker: number;
      readonly workers: number;
      readonly settings: WorkerSettings;
      readonly fds: WorkerFds;
      readonly offloads: EngineOffloads;
      readonly user: { readonly uid: number; readonly gid: number } | null;
      readonly sandbox: boolean;
      /** Say 'measures' every second. */
      readonly measure: boolean;
      readonly primaryPid: number;
    }
  /** Could it live with these? Nothing changes. */
  | { readonly kind: 'try-settings'; readonly id: number; readonly settings: WorkerSettings }
  | { readonly kind: 'configure'; readonly settings: WorkerSettings }
  | { readonly kind: 'login-reply'; readonly id: number; readonly reply: LoginReply }
  | { readonly kind: 'open-tunnel-reply'; readonly id: number; readonly reply: OpenTunnelReply }
  /** Lists that replies name from now on, and keys that none names any more. */
  | {
      readonly kind: 'policy-lists';
      readonly add: { readonly key: string; readonly lists: PolicyLists } | null;
      readonly forget: readonly string[];
    }
  | { readonly kind: 'cookie-checked'; readonly id: number; readonly known: boolean }
  | { readonly kind: 'profile-reply'; readonly id: number; readonly reply: ProfileReply }
  | {
      readonly kind: 'close-tunnel';
      readonly tunnel: number;
      readonly end: TunnelEnd;
      /** Send CSTP type 5 first: the client logs out instead of coming back [oc 6.3]. */
      readonly tellClient: boolean;
    }
  | {
      readonly kind: 'list-tunnels';
      readonly id: number;
      /** Only these; absent = all. */
      readonly only?: readonly number[];
    }
  /** Sources to be closed at accept: an IPv4 address, or an IPv6 network as "2001:db8::/64". */
  | { readonly kind: 'bans'; readonly add: readonly string[]; readonly remove: readonly string[] }
  /** Tell every client (type 5 only if `tellClients`), close everything, exit 0. */
  | { readonly kind: 'shutdown'; readonly tellClients: boolean };

/**
 * What comes and goes over the TUN queues as super-packets; 'none': there are no virtio headers
 * either.
 */
export type TunOffload = 'none' | 'tcp' | 'tcp-and-udp';

/** Which batches the packet path asks of the kernel. A refused one is off from then on. */
export interface EngineOffloads {
  /** As the TUN queues were opened. */
  readonly tun: TunOffload;
  /** UDP_SEGMENT: many datagrams in one send. */
  readonly udpGso: boolean;
  /** UDP_GRO: many datagrams in one receive. */
  readonly udpGro: boolean;
}

/** Descriptor numbers inside the worker, inherited through the stdio array of fork. */
export interface WorkerFds {
  readonly tun: number;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  /** Datagram socket on which other workers' forwarded packets arrive. */
  readonly inbox: number;
  /** By worker number: the sending end of that worker's inbox. */
  readonly outboxes: readonly number[];
  /** memfd of the shared table inside address → worker. */
  readonly owners: number;
}
