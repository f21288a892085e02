// The worker's half of the native addon: the packet engine. One engine per worker process. It runs
// a handshake thread and a packet thread; everything below is called on the JavaScript thread and
// returns at once. What happened comes back through `onEvent`, in order per connection.
import { loadAddon } from './addon.ts';
import type { Compression } from '../core/connect/compression.ts';
import type { Measures } from '../core/ipc/measures.ts';
import type {
  ClientCertificate,
  EndpointChange,
  EngineOffloads,
  ProxySettings,
  TlsSettings,
  TunnelCounters,
  TunnelEnd,
  WorkerFds,
} from '../core/ipc/messages.ts';

export interface EngineOptions {
  readonly worker: number;
  readonly workers: number;
  readonly fds: WorkerFds;
  readonly offloads: EngineOffloads;
  /** Fixed for the engine's life. */
  readonly proxy: ProxySettings;
  /** A TLS handshake must be over by then, counted from the accept [oc 2.1]. */
  readonly handshakeTimeoutMs: number;
  /** Handshakes in flight per source address (IPv6: per /64); more are closed at once. */
  readonly handshakesPerSource: number;
  /** Connections without a tunnel per source address. */
  readonly pendingPerSource: number;
  /** Connections without a tunnel, all sources together. */
  readonly maxPendingConnections: number;
}

/** Numbers are 0 where a limit or timer is off. */
export interface TunnelParams {
  readonly connection: number;
  /** The whole CONNECT answer, status line to blank line; the packet thread writes it. */
  readonly answer: string;
  /** Plaintext that the client sent behind CONNECT and JavaScript has read. */
  readonly early: Uint8Array;
  /** 4 and 16 bytes; empty = this family has no address. */
  readonly inside4: Uint8Array;
  readonly inside6: Uint8Array;
  /** Prefix length of the client's IPv6 network (128 = one address). */
  readonly inside6Prefix: number;
  /** Data MTU: the largest inside packet [oc 5.5]. */
  readonly mtu: number;
  /** 32 bytes; byte 0 is the worker's number [oc 8.4]. Empty = no DTLS. */
  readonly appId: Uint8Array;
  /** 48 bytes for the legacy resumption handshake [oc 8.3]; empty = PSK-NEGOTIATE [oc 8.2]. */
  readonly masterSecret: Uint8Array;
  /** IANA's number of the suite to resume; 0 = PSK-NEGOTIATE. */
  readonly dtlsSuite: number;
  readonly dpdMs: number;
  readonly keepaliveMs: number;
  readonly idleTimeoutMs: number;
  readonly switchToTcpMs: number;
  /** Bytes a second of inside packets from the client and to it, by both channels together. */
  readonly rxLimit: number;
  readonly txLimit: number;
  /**
   * Networks behind the client: 17 bytes each, a 16-byte address (IPv4 as ::ffff:a.b.c.d) and the
   * length of its prefix among those 128 bits.
   */
  readonly networks: Uint8Array;

  /** Of packets both ways on each channel [oc 9]; '' = none. */
  readonly tlsCompression: Compression | '';
  readonly dtlsCompression: Compression | '';
  /** DSCP of the packets outside, 0 to 63, on both channels. */
  readonly dscp: number;
  /** Datagrams count only from the address that the TLS connection comes from. */
  readonly denyRoaming: boolean;
  /** When the client was told to come with a new tunnel, counted from the answer [oc 7.3]. */
  readonly rekeyMs: number;
  /** How often the keys of TLS 1.3 are renewed by a KeyUpdate of ours; 0 with TLS 1.2. */
  readonly keyUpdateMs: number;
  /** What the client may send: a program of defineAcl; 0 = everything. */
  readonly acl: number;
  /** Nothing passes between this client and what the owners table says is another's. */
  readonly isolated: boolean;
}

export interface ConnectionInfo {
  readonly connection: number;
  /** JavaScript's end of the plaintext stream; wrap in net.Socket({ fd }). */
  readonly fd: number;
  /** Peer and local: behind a proxy as its header says, for a check of its own the proxy itself. */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** 'TLSv1.3' or 'TLSv1.2'. */
  readonly tlsVersion: string;
  /** OpenSSL's name, e.g. 'TLS_AES_256_GCM_SHA384'. */
  readonly tlsCipher: string;
  readonly serverName: string;
  /** TlsSettings.name of the host that answered: the one of that server name, else ''. */
  readonly host: string;
  /** null: none was asked for, or the client has none. */
  readonly clientCertificate: ClientCertificate | null;
  /** tcpi_pmtu of the connection; 0 if unknown, as it is behind a proxy. */
  readonly pathMtu: number;
}

export type EngineEvent =
  /** The handshake is done; a request may come. */
  | ({ readonly type: 'connection' } & ConnectionInfo)
  /** The answer to hold(): the engine has passed that many bytes to JavaScript and no more come. */
  | { readonly type: 'held'; readonly connection: number; readonly passedBytes: number }
  /** A connection without a tunnel is gone. */
  | { readonly type: 'connection-closed'; readonly connection: number }
  /** The answer is on its way and the packet thread owns the connection: destroy the socket now. */
  | { readonly type: 'tunnel-opened'; readonly tunnel: number }
  | {
      readonly type: 'tunnel-closed';
      readonly tunnel: number;
      readonly end: TunnelEnd;
      readonly counters: TunnelCounters;
    }
  | { readonly type: 'dtls-opened'; readonly tunnel: number; readonly cipher: string }
  | { readonly type: 'dtls-closed'; readonly tunnel: number; readonly reason: string }
  /** Where datagrams of our tunnels come from has changed; the later of two entries holds. */
  | { readonly type: 'endpoints'; readonly changes: readonly EndpointChange[] }
  /**
   * Connections that sent something and then failed or were too slow in their TLS handshake, by
   * source (of an IPv6 /64 its first address), since the last time; at most once a second.
   */
  | { readonly type: 'failed-connects'; readonly counts: readonly (readonly [string, number])[] }
  /** The packet thread should be urgent again, for which the worker lacks the privilege. */
  | { readonly type: 'packets-calm'; readonly thread: number }
  /** An operator's problem, already in words. */
  | { readonly type: 'warning'; readonly message: string };

export interface EngineTotals {
  readonly connections: number;
  readonly tunnels: number;
  /** Those whose data goes by DTLS. */
  readonly dtlsTunnels: number;
  readonly handshakes: number;
  readonly handshakesFailed: number;
  readonly handshakesRefused: number;
  /** Packets and datagrams handed to the worker that owns their tunnel. */
  readonly forwardedPackets: number;
  readonly droppedPackets: number;
}

export interface Engine {
  /**
   * The packet thread has a higher priority than all others. false: that is not allowed here, and
   * the other threads of the process have a lower one instead. Done by createEngine, while it may be.
   */
  readonly packetsRaised: boolean;
  /**
   * Replaces certificates and TLS settings for new connections, by server name, the main server
   * first; throws with the host, the key and OpenSSL's reason, and then nothing has changed.
   */
  setTls(hosts: readonly TlsSettings[]): void;
  /** Throws what setTls would throw, and changes nothing. */
  checkTls(hosts: readonly TlsSettings[]): void;
  /**
   * Connections from these sources are closed right after accept, or after the PROXY header; what
   * is up stays up. IPv4 addresses, and IPv6 networks as "2001:db8::/64".
   */
  setBans(add: readonly string[], remove: readonly string[]): void;
  /**
   * So many new connections a second of one source (IPv6: a /64), over all workers; 0 = no limit.
   * More are closed right after accept, or after the PROXY header.
   */
  setAcceptRate(perSecond: number, workers: number): void;
  /** Begins to accept. */
  start(): void;
  /** Stops passing plaintext of this connection to JavaScript; 'held' follows. */
  hold(connection: number): void;
  /**
   * A program of compileAcl under a number from 1 on, for tunnels that open from now on; throws when
   * the bytes are none. Tunnels that are up keep the one that they were opened with.
   */
  defineAcl(id: number, program: Uint8Array): void;
  /** No tunnel opens with it any more; idempotent. */
  forgetAcl(id: number): void;
  /** Only for a held connection with nothing left to write. */
  openTunnel(params: TunnelParams): void;
  /** Idempotent; 'tunnel-closed' follows with the same `end`. */
  closeTunnel(tunnel: number, end: TunnelEnd, tellClient: boolean): void;
  /** A snapshot without stopping the packet thread; undefined when there is no such tunnel. */
  readTunnel(tunnel: number):
    | (TunnelCounters & {
        readonly channel: 'dtls' | 'tls';
        readonly dtlsCipher: string;
        readonly mtu: number;
      })
    | undefined;
  totals(): EngineTotals;
  /** All that it counts, by the names of engine_totals.cc, and what it holds now. */
  measure(): Measures;
  /** Stops both threads and closes every connection; idempotent. */
  close(): void;
}

export function createEngine(
  options: EngineOptions,
  onEvent: (event: EngineEvent) => void,
): Engine {
  return loadAddon().createEngine(options, onEvent) as Engine;
}
