// The tunnels of this worker, from the primary's grant to the engine's last word. The primary is
// told of every end exactly once, so that it never believes in a tunnel that is dead.
import type { TunnelCounters, TunnelEnd, TunnelGrant, TunnelStatus } from '../core/ipc/messages.ts';
import type { TimedEnd } from '../core/policy/closing.ts';
import type { EpochMs } from '../core/units.ts';
import type { Engine } from '../native/engine.ts';
import type { PrimaryChannel } from './primary_channel.ts';

export interface TunnelsComponents {
  readonly engine: Pick<Engine, 'closeTunnel' | 'readTunnel'>;
  readonly channel: Pick<PrimaryChannel, 'tell'>;
}

interface Tunnel {
  readonly session: number;
  readonly sessionEndsAt: EpochMs | null;
  readonly sessionEndsBy: TimedEnd;
  readonly tlsCipher: string;
  compression?: TunnelStatus['compression'];
  /** granted: the primary counts on it. opened: the engine carries it. */
  stage: 'granted' | 'opened';
}

const NO_TRAFFIC: TunnelCounters = {
  rxBytes: 0,
  rxPackets: 0,
  txBytes: 0,
  txPackets: 0,
  spoofedPackets: 0,
  droppedPackets: 0,
  deniedPackets: 0,
};

export class Tunnels {
  readonly #components: TunnelsComponents;
  readonly #tunnels = new Map<number, Tunnel>();

  constructor(components: TunnelsComponents) {
    this.#components = components;
  }

  get size(): number {
    return this.#tunnels.size;
  }

  granted(
    tunnel: number,
    { session, sessionEndsAt, sessionEndsBy }: TunnelGrant,
    { tlsCipher }: { readonly tlsCipher: string },
  ): void {
    const ending = { sessionEndsAt, sessionEndsBy };
    this.#tunnels.set(tunnel, { session, ...ending, tlsCipher, stage: 'granted' });
  }

  /** What its channels were told to use, for listings; '' = nothing. */
  compressed(tunnel: number, { tls, dtls }: { readonly tls: string; readonly dtls: string }): void {
    const known = this.#tunnels.get(tunnel);
    if (known === undefined || (tls === '' && dtls === '')) return;
    known.compression = { tls: tls || null, dtls: dtls || null };
  }

  opened(tunnel: number): void {
    const known = this.#tunnels.get(tunnel);
    if (known === undefined) return;
    known.stage = 'opened';
    this.#components.channel.tell({ kind: 'tunnel-opened', session: known.session, tunnel });
  }

  /** The end of a tunnel, or of the attempt to open it; does nothing for one that has ended. */
  closed(tunnel: number, end: TunnelEnd, counters: TunnelCounters = NO_TRAFFIC): void {
    const known = this.#tunnels.get(tunnel);
    if (known === undefined) return;
    this.#tunnels.delete(tunnel);
    const { session } = known;
    this.#components.channel.tell({ kind: 'tunnel-closed', session, tunnel, end, counters });
  }

  /** Closes what is over its session's time; a second late is early enough. */
  closeExpired(now: EpochMs): void {
    for (const [tunnel, { sessionEndsAt, sessionEndsBy, stage }] of this.#tunnels)
      if (stage === 'opened' && sessionEndsAt !== null && sessionEndsAt <= now)
        this.#components.engine.closeTunnel(tunnel, sessionEndsBy, true);
  }

  closeAll(end: TunnelEnd, tellClients: boolean): void {
    for (const [tunnel, { stage }] of this.#tunnels)
      if (stage === 'opened') this.#components.engine.closeTunnel(tunnel, end, tellClients);
      else this.closed(tunnel, end);
  }

  /** Those that the engine carries, as it sees them now. */
  list(only: Iterable<number> = this.#tunnels.keys()): readonly TunnelStatus[] {
    return [...only].flatMap((tunnel) => {
      const known = this.#tunnels.get(tunnel);
      if (known?.stage !== 'opened') return [];
      const seen = this.#components.engine.readTunnel(tunnel);
      const { session, tlsCipher, compression } = known;
      const agreed = compression && { compression };
      return seen === undefined ? [] : [{ ...seen, tunnel, session, tlsCipher, ...agreed }];
    });
  }
}
