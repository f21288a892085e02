// Which addresses the quick start takes for the clients and which it tells them to connect to.
import {
  contains,
  formatCidr,
  formatIp,
  networkOf,
  parseCidr,
  parseIp,
} from '../core/net/address.ts';
import type { Cidr, IpAddress } from '../core/net/address.ts';
import { WolfguardError } from '../core/error.ts';
import { isLinkLocal } from '../certs/identity.ts';

/** The default of network.ipv4 comes first; then its neighbours, then what few networks use. */
const IPV4_CANDIDATES = [
  ...[...range(77, 255), ...range(1, 77)].map((second) => `10.${second}.0.0/16`),
  ...range(16, 32).map((second) => `172.${second}.0.0/16`),
];

/**
 * A /16 that overlaps none of `taken` (addresses and networks as text). Throws WolfguardError when
 * all of 10.0.0.0/8 and 172.16.0.0/12 is in use.
 */
export function chooseIpv4Pool(taken: readonly string[]): string {
  const used = taken.flatMap((text) => parseCidr(text)?.network ?? []);
  const free = IPV4_CANDIDATES.find((candidate) => {
    const pool = parseCidr(candidate)?.network;
    return pool !== undefined && !used.some((network) => overlap(pool, network));
  });
  if (free !== undefined) return free;
  throw new WolfguardError(
    'QUICK_START_POOL',
    "this machine's own networks cover 10.0.0.0/8 and 172.16.0.0/12, so no pool for the clients is left: write a wolfguard.toml with network.ipv4 of your own",
  );
}

/** A unique local /64 out of 5 random bytes [rfc4193 3.2]. */
export function uniqueLocalPool(random: Uint8Array): string {
  const globalId = random.subarray(0, 5).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const value = (0xfdn << 120n) | (globalId << 80n) | (0x77n << 64n);
  return formatCidr(networkOf({ family: 6, value }, 64));
}

/** The nameservers in the text of a resolv.conf that clients could reach through us. */
export function resolversIn(resolvConf: string): string[] {
  return resolvConf.split('\n').flatMap((line) => {
    const [, text = ''] = /^\s*nameserver\s+(\S+)/.exec(line) ?? [];
    const ip = parseIp(text);
    return ip === undefined || isLoopback(ip) || isLinkLocal6(ip) ? [] : [formatIp(ip)];
  });
}

/**
 * The address that a client most likely reaches this machine at: on the interface of the default
 * route first, IPv4 before IPv6, one that the whole Internet can reach before a private one.
 */
export function addressToAnnounce(
  addresses: readonly { readonly device: string; readonly address: string }[],
  defaultDevice: string | undefined,
): string {
  const candidates = addresses.flatMap(({ device, address }) => {
    const ip = parseIp(address);
    if (ip === undefined || isLoopback(ip) || isLinkLocal(formatIp(ip))) return [];
    const rank =
      (device === defaultDevice ? 0 : 4) + (ip.family === 4 ? 0 : 2) + (isPrivate(ip) ? 1 : 0);
    return [{ rank, text: formatIp(ip) }];
  });
  candidates.sort((a, b) => a.rank - b.rank);
  return candidates[0]?.text ?? '127.0.0.1';
}

const overlap = (a: Cidr, b: Cidr): boolean => contains(a, b.address) || contains(b, a.address);

const within = (text: string) => {
  const network = parseCidr(text)?.network;
  return (ip: IpAddress): boolean => network !== undefined && contains(network, ip);
};
const isLoopback4 = within('127.0.0.0/8');
const isLoopback6 = within('::1/128');
const isLinkLocal6 = within('fe80::/10');
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  within,
);

const isLoopback = (ip: IpAddress): boolean => isLoopback4(ip) || isLoopback6(ip);
/** Nobody in the Internet can answer to it. */
export const isPrivate = (ip: IpAddress): boolean => PRIVATE.some((inside) => inside(ip));

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
