// The cable between client and server, as far as UDP is concerned: it can be cut and mended, and
// what each channel carries is counted, so that a test sees on which one the traffic goes.
import type { Host } from './host.ts';
import { PORT, type Lab } from './lab.ts';

const TABLE = 'inet gate';

interface NftCounter {
  readonly counter?: { readonly name: string; readonly bytes: number };
}

export interface ChannelBytes {
  readonly tcp: number;
  readonly udp: number;
}

export class Gate {
  readonly #client: Host;
  readonly #server: Host;

  /** `client`: the host of the clients. */
  constructor(lab: Lab, client: Host = lab.client) {
    this.#client = client;
    this.#server = lab.server;
    const rules = ['tcp', 'udp'].map(
      (protocol) => `
        add counter ${TABLE} ${protocol}_bytes
        add rule ${TABLE} out ${protocol} dport ${PORT} counter name ${protocol}_bytes
        add rule ${TABLE} in ${protocol} sport ${PORT} counter name ${protocol}_bytes`,
    );
    this.#client.nft(`
      add table ${TABLE}
      add chain ${TABLE} out { type filter hook output priority 0; }
      add chain ${TABLE} in { type filter hook input priority 0; }
      ${rules.join('\n')}`);
    lab.onClose(() => this.openUdp());
  }

  /**
   * Loses every datagram of the tunnel, both ways. Each is dropped where it arrives: dropped where
   * it leaves, the sender would be told so and need no patience.
   */
  shutUdp(): void {
    for (const [host, port] of [
      [this.#client, 'sport'],
      [this.#server, 'dport'],
    ] as const) {
      host.nft(`
        add table inet cut
        add chain inet cut arrival { type filter hook prerouting priority -300; }
        add rule inet cut arrival udp ${port} ${PORT} drop`);
    }
  }

  /** Mends the cable; no harm if it is whole. */
  openUdp(): void {
    for (const host of [this.#client, this.#server]) host.try('nft', ['delete table inet cut']);
  }

  /** Bytes sent and received by the client on each channel so far. */
  get bytes(): ChannelBytes {
    const text = this.#client.run('nft', ['-j', 'list', 'counters', 'table', ...TABLE.split(' ')]);
    const { nftables } = JSON.parse(text) as { readonly nftables: readonly NftCounter[] };
    const bytes = (name: string): number =>
      nftables.find((entry) => entry.counter?.name === name)?.counter?.bytes ?? 0;
    return { tcp: bytes('tcp_bytes'), udp: bytes('udp_bytes') };
  }

  /** What `work` moves on each channel. */
  async during(work: () => Promise<unknown>): Promise<ChannelBytes> {
    const before = this.bytes;
    await work();
    const after = this.bytes;
    return { tcp: after.tcp - before.tcp, udp: after.udp - before.udp };
  }
}
