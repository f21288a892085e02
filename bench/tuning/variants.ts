// What an administrator can turn, one thing at a time.
import type { SceneOptions } from '../scene.ts';
import type { Channel } from '../checks.ts';

export interface Variant {
  readonly name: string;
  /** For the table: what is turned. */
  readonly title: string;
  readonly channel: Channel;
  readonly scene: SceneOptions;
  /** What it is compared with. */
  readonly against: string;
  /** The server says by itself that something is not as it should be. */
  readonly warns?: boolean;
}

const dtls = (name: string, title: string, scene: SceneOptions): Variant => ({
  ...{ name, title, scene, channel: 'dtls', against: 'dtls' },
});

/** The first are what the others are compared with; a name is of one variant only. */
export const VARIANTS: readonly Variant[] = [
  dtls('dtls', 'DTLS, as it comes', {}),
  { ...dtls('tls', 'TLS instead (`policy.udp = false`, or UDP is blocked)', {}), channel: 'tls' },
  dtls('no-tun-offload', '`engine.tun_offload = false`', { settings: engine('tun_offload') }),
  dtls('no-udp-gso', '`engine.udp_gso = false`', { settings: engine('udp_gso') }),
  dtls('no-udp-gro', '`engine.udp_gro = false`', { settings: engine('udp_gro') }),
  dtls('no-offloads', 'all three off', {
    settings: { engine: { tun_offload: false, udp_gso: false, udp_gro: false } },
  }),
  dtls('no-nic', '`ethtool -K DEVICE tx-udp-segmentation off gso off`', { nicSegmentation: false }),
  {
    ...dtls('small-buffers', '`engine.raise_buffers = false`, `rmem_max` and `wmem_max` 208 KiB', {
      settings: engine('raise_buffers'),
    }),
    warns: true,
  },
  dtls('mtu-1280', '`policy.mtu = 1280`', { settings: { policy: { mtu: 1280 } } }),
  dtls('jumbo', 'a path of 9,000 bytes', { mtu: 9000 }),
  dtls('one-worker', '`workers.count = 1`', { workers: 1 }),
  dtls('no-sandbox', '`workers.sandbox = false`', { settings: { workers: { sandbox: false } } }),
  dtls('shaped', '`policy.rx_limit = tx_limit = "20Gbit"` (a limit that is never met)', {
    settings: { policy: { rx_limit: '20Gbit', tx_limit: '20Gbit' } },
  }),
  dtls('rules', '100 rules in `policy.allow`', {
    settings: { policy: { allow: [...networks(), 'icmp', 'tcp', 'udp'] } },
  }),
];

function engine(key: string): SceneOptions['settings'] & object {
  return { engine: { [key]: false } };
}

/** Rules that all packets of the bench pass by before they meet one that is theirs. */
function networks(): string[] {
  return Array.from({ length: 97 }, (_, n) => `tcp:${1 + n} 172.20.${n}.0/24`);
}
