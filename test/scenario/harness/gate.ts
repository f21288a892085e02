// The client's own firewall as a gate for the tunnel's channels: shuts UDP, and counts what each
// channel carries, so that a test sees on which one the traffic goes.
import type { Host } from './host.ts';
import { PORT } from './lab.ts';

const TABLE = 'inet gate';

interface NftCounter {
  readonly counter?: { readonly name: string; readonly bytes: number };
}

export class Gate {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
    const rules = ['tcp', 'udp'].map(
      (protocol) => `
        add counter ${TABLE} ${protocol}_bytes
        add rule ${TABLE} out ${protocol} dport ${PORT} counter name ${protocol}_bytes
        add rule ${TABLE} in ${protocol} sport ${PORT} counter name ${protocol}_bytes`,
    );
    host.nft(`
      add table ${TABLE}
      add chain ${TABLE} out { type filter hook output priority 0; }
      add chain ${TABLE} in { type filter hook input priority 0; }
      ${rules.join('\n')}
      add chain ${TABLE} block_out { type filter hook output priority 1; }
      add chain ${TABLE} block_in { type filter hook input priority 1; }`);
  }

  /** Drops every datagram of the tunnel, both ways, without a word. */
  shutUdp(): void {
    this.#host.nft(`
      add rule ${TABLE} block_out udp dport ${PORT} drop
      add rule ${TABLE} block_in udp sport ${PORT} drop`);
  }

  openUdp(): void {
    this.#host.nft(`
      flush chain ${TABLE} block_out
      flush chain ${TABLE} block_in`);
  }

  /** Bytes sent and received on each channel since the last call. */
  takeBytes(): { readonly tcp: number; readonly udp: number } {
    const text = this.#host.run('nft', ['-j', 'reset', 'counters', 'table', ...TABLE.split(' ')]);
    const { nftables } = JSON.parse(text) as { readonly nftables: readonly NftCounter[] };
    const bytes = (name: string): number =>
      nftables.find((entry) => entry.counter?.name === name)?.counter?.bytes ?? 0;
    return { tcp: bytes('tcp_bytes'), udp: bytes('udp_bytes') };
  }
}
