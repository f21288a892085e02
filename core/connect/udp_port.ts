// Which of our UDP ports a client is told: it sends its datagrams to the address that it has its TLS
// connection to [oc 5.4].
import { parseIp, sameIp } from '../net/address.ts';

/** An address without brackets and a port; "::" is every address of both families. */
export interface Listener {
  readonly address: string;
  readonly port: number;
}

/** What the client came to, and what stands open. */
export interface UdpPortInput {
  readonly listeners: readonly Listener[];
  /** Our end of its TLS connection. */
  readonly local: Listener;
  /** A proxy stands in front: the client came to an address that is not ours. */
  readonly proxied: boolean;
}

/**
 * Of the ports open at the address that the client came to, the one with the number of its TCP port,
 * else the first. null: there is none, or only at other addresses, and DTLS would be in vain.
 */
export function chooseUdpPort({ listeners, local, proxied }: UdpPortInput): number | null {
  const there = proxied ? listeners : listeners.filter(({ address }) => covers(address, local));
  const chosen = there.find(({ port }) => port === local.port) ?? there[0];
  return chosen?.port ?? null;
}

function covers(listening: string, { address }: Listener): boolean {
  const [ours, asked] = [parseIp(listening), parseIp(address)];
  if (ours === undefined || asked === undefined) return false;
  if (ours.value === 0n) return ours.family === 6 || asked.family === 4;
  return sameIp(ours, asked);
}
