// Sessions for the tests of top.
import type { AdminSession } from '../../../../core/ipc/admin.ts';

export interface Given {
  readonly id: number;
  readonly user?: string;
  readonly host?: string;
  readonly rx?: number;
  readonly tx?: number;
  readonly since?: number;
  /** false: its worker did not answer. */
  readonly live?: boolean;
}

/** A session of which top needs no more than this. */
export const session = ({
  id,
  user = `user${id}`,
  host = 'laptop',
  rx = 0,
  tx = 0,
  since = 0,
  live = true,
}: Given): AdminSession =>
  ({
    id,
    user,
    group: 'staff',
    peer: { address: `198.51.100.${id % 250}`, port: 4711 },
    address4: `10.77.0.${id % 250}`,
    address6: null,
    since,
    hostname: host,
    counters: { rxBytes: rx, txBytes: tx, rxPackets: rx / 100, txPackets: tx / 100 },
    connection: { live: live ? { channel: 'dtls', dtlsCipher: '', mtu: 1400 } : null },
  }) as unknown as AdminSession;
