// The native half: one thread that moves the bytes of all sessions.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { WolfguardError } from '../../core/error.ts';
import type { TunnelTerms } from './terms.ts';

export interface ClientOptions {
  readonly server: string;
  readonly port: number;
  readonly sources: readonly string[];
  /** '' = none. */
  readonly tun: string;
  /** TUN super-packets, UDP_SEGMENT and UDP_GRO together. */
  readonly offload: boolean;
  readonly socketBufferBytes: number;
  /** OpenSSL lists. */
  readonly groups: string;
  readonly dtlsCiphers: string;
}

/** `id` is the session; `text` an HTTP answer, a cipher, or how the session ended. */
export type ClientEvent =
  | { readonly type: 'reply' | 'dtls' | 'closed'; readonly id: number; readonly text: string }
  | {
      readonly type: 'probes';
      readonly id: 0;
      readonly text: '';
      /** Round trips in microseconds since the last time. */
      readonly samples: Float32Array;
    };

export interface Totals {
  readonly sessions: number;
  readonly dtls: number;
  readonly txPackets: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly droppedPackets: number;
  readonly dpdAnswered: number;
  readonly dpdAsked: number;
  readonly dtlsLost: number;
  readonly probesSent: number;
  readonly floodSent: number;
  readonly floodReceived: number;
}

export interface NativeClient {
  /** `id` is 8 or more and never used twice; `source` counts through the sources. */
  start(id: number, source: number, request: string): void;
  send(id: number, request: string, connect: boolean): void;
  openTunnel(id: number, terms: TunnelTerms): void;
  leave(id: number, withGoodbye: boolean): void;
  probe(plan: {
    readonly sessions: readonly number[];
    readonly target: string;
    readonly perSecond: number;
  }): void;
  flood(plan: {
    readonly sessions: readonly number[];
    readonly target: string;
    readonly port: number;
    readonly perSecond: number;
    readonly burst: number;
  }): void;
  /** Answered by a 'probes' event. */
  takeProbes(): void;
  totals(): Totals;
  /** Drops what is left without a word; no event comes afterwards. */
  close(): void;
}

interface Addon {
  createClient(
    options: ClientOptions,
    onEvents: (events: readonly ClientEvent[]) => void,
  ): NativeClient;
  /** The first datagram of a DTLS handshake with that App-ID of 32 bytes. */
  makeClientHello(appId: Uint8Array): Uint8Array;
  /** The limit on open descriptors as it is afterwards. */
  raiseDescriptors(wanted: number): number;
  /** Blocks; how many small packets were sent. */
  runSource(plan: {
    readonly targets: readonly string[];
    readonly port: number;
    /** Packets of one UDP_SEGMENT send; 1 = each by itself. */
    readonly train: number;
    readonly perSecond: number;
    readonly seconds: number;
  }): number;
  /** Blocks; verdicts a second of a program of the engine's filter, and the share of "allowed". */
  runLookups(plan: {
    readonly program: Uint8Array;
    readonly ipv6: boolean;
    /** Every address is another; false: the same packet again and again. */
    readonly random: boolean;
    /** The processor's caches hold nothing of the program every 256 lookups. */
    readonly cold: boolean;
    readonly seconds: number;
  }): readonly [perSecond: number, allowedShare: number];
}

const ADDON = fileURLToPath(new URL('../out/load/build/Release/load.node', import.meta.url));

/** Throws WolfguardError LOAD_NOT_BUILT. */
export function loadAddon(): Addon {
  if (!existsSync(ADDON)) {
    throw new WolfguardError(
      'LOAD_NOT_BUILT',
      'the load client is not built: run "node bench/build.mjs" first',
    );
  }
  return createRequire(import.meta.url)(ADDON) as Addon;
}
