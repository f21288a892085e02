// The tables of /proc/net, read from their text.
import { decodeIp, formatIp, networkOf } from '../../core/net/address.ts';
import type { Cidr, Family, IpAddress } from '../../core/net/address.ts';

export interface Route {
  readonly device: string;
  readonly network: Cidr;
  /** It goes on to a router. */
  readonly viaRouter: boolean;
}

const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;
/** One of the machine's own addresses. */
const RTF_LOCAL = 0x8000_0000;

/** The routes of the main table: the text of /proc/net/route. */
export const parseRoutes4 = (text: string): Route[] =>
  rows(text, 1).flatMap(([device = '', destination = '', , flagsText, , , , mask = '']) => {
    const flags = Number.parseInt(flagsText ?? '0', 16);
    if ((flags & RTF_UP) === 0 || (flags & RTF_REJECT) !== 0) return [];
    const prefix = [...littleEndian(mask)].reduce((sum, byte) => sum + bitCount(byte), 0);
    const network = networkOf(decodeIp(littleEndian(destination)), prefix);
    return [{ device, network, viaRouter: (flags & RTF_GATEWAY) !== 0 }];
  });

/** The same of /proc/net/ipv6_route; multicast, loopback and link-local ones are left out. */
export const parseRoutes6 = (text: string): Route[] =>
  rows(text, 0).flatMap(([destination = '', prefix = '', , , , , , , flagsText, device = '']) => {
    const flags = Number.parseInt(flagsText ?? '0', 16);
    const left = (flags & RTF_REJECT) !== 0 || (flags & RTF_LOCAL) !== 0 || device === 'lo';
    if (left || /^f(f|e[89ab])/.test(destination)) return [];
    const address: IpAddress = { family: 6, value: BigInt(`0x${destination}`) };
    const network = networkOf(address, Number.parseInt(prefix, 16));
    return [{ device, network, viaRouter: (flags & RTF_GATEWAY) !== 0 }];
  });

export interface BoundSocket {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** State TCP_LISTEN; UDP sockets that are not connected show TCP_CLOSE. */
const LISTENING = '0A';
const UNCONNECTED = '07';

/** The sockets that wait for strangers: the text of /proc/net/tcp, tcp6, udp or udp6. */
export const parseSockets = (text: string): BoundSocket[] =>
  rows(text, 1).flatMap((row) => {
    const [, local = '', , state = '', , , , , , inode = ''] = row;
    if (state !== LISTENING && state !== UNCONNECTED) return [];
    const [host = '', port = ''] = local.split(':');
    const words = host.match(/.{8}/g) ?? [];
    const address = formatIp(
      decodeIp(Uint8Array.from(words.flatMap((word) => [...littleEndian(word)]))),
    );
    return [{ address, port: Number.parseInt(port, 16), inode }];
  });

/** Networks with an address in common. */
export const overlaps = (a: Cidr, b: Cidr): boolean => covers(a, b) || covers(b, a);

/** All of `inner` lies in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.address.family === inner.address.family &&
    outer.prefix <= inner.prefix &&
    networkOf(inner.address, outer.prefix).address.value === outer.address.value
  );
}

/** The devices of the default routes of a family, each once. */
export const uplinksOf = (routes: readonly Route[], family: Family): string[] => [
  ...new Set(
    routes
      .filter(({ network }) => network.prefix === 0 && network.address.family === family)
      .map(({ device }) => device),
  ),
];

const rows = (text: string, headLines: number): string[][] =>
  text
    .split('\n')
    .slice(headLines)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 1);

/** The kernel prints words of 32 bits as the CPU sees them; all CPUs that Node runs on are alike. */
const littleEndian = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex, 'hex').reverse());

const bitCount = (byte: number): number => byte.toString(2).replaceAll('0', '').length;
