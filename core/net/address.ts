// IP addresses and networks as values. Text is parsed strictly: "010.1.1.1" is refused, since
// some parsers read it as octal. An IPv4-mapped IPv6 address is an IPv4 address.

export type Family = 4 | 6;

/** An IP address: `value` is its 32 or 128 bits as an unsigned integer. */
export interface IpAddress {
  readonly family: Family;
  readonly value: bigint;
}

/** A network: `address` has all bits after `prefix` zero. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefix: number;
}

export const bitsOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/** Parses an address; undefined when the text is not exactly one. Zone ids are refused. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn
    ? { family: 4, value: value & 0xffffffffn }
    : { family: 6, value };
}

/** The usual text form; IPv6 as RFC 5952 wants it (lower case, longest zero run as "::"). */
export function formatIp({ family, value }: IpAddress): string {
  return family === 4 ? formatIpv4(value) : formatIpv6(value);
}

/** Parses "address/prefix"; a bare address is its /32 or /128. Host bits may be set: see `host`. */
export function parseCidr(text: string): { network: Cidr; host: IpAddress } | undefined {
  const slash = text.indexOf('/');
  const host = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (host === undefined) return undefined;
  const bits = bitsOf(host.family);
  const digits = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > bits) return undefined;
  return { network: networkOf(host, Number(digits)), host };
}

export const formatCidr = (cidr: Cidr): string => `${formatIp(cidr.address)}/${cidr.prefix}`;

/** The network of that prefix which holds the address. */
export function networkOf(ip: IpAddress, prefix: number): Cidr {
  const shift = BigInt(bitsOf(ip.family) - prefix);
  return { address: { family: ip.family, value: (ip.value >> shift) << shift }, prefix };
}

export function contains({ address, prefix }: Cidr, ip: IpAddress): boolean {
  if (address.family !== ip.family) return false;
  const shift = BigInt(bitsOf(ip.family) - prefix);
  return address.value >> shift === ip.value >> shift;
}

/** Whether two networks have an address in common. */
export const overlaps = (a: Cidr, b: Cidr): boolean =>
  contains(a, b.address) || contains(b, a.address);

export const sameNetwork = (a: Cidr, b: Cidr): boolean =>
  a.prefix === b.prefix && sameIp(a.address, b.address);

export const sameIp = (a: IpAddress, b: IpAddress): boolean =>
  a.family === b.family && a.value === b.value;

/** The same host, however its address is written: "::ffff:192.0.2.1" is 192.0.2.1. */
export function sameHost(a: string, b: string): boolean {
  const [first, second] = [parseIp(a), parseIp(b)];
  return first !== undefined && second !== undefined ? sameIp(first, second) : a === b;
}

/** 4 or 16 bytes in network order. */
export function encodeIp({ family, value }: IpAddress): Uint8Array {
  const bytes = new Uint8Array(bitsOf(family) / 8);
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** From 4 or 16 bytes in network order; any other length is a bug of the caller. */
export function decodeIp(bytes: Uint8Array): IpAddress {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

/** "255.255.0.0" for 16: the form that X-CSTP-Netmask and X-CSTP-Split-Include want [oc 5.4]. */
export function formatIpv4Mask(prefix: number): string {
  return formatIpv4(0xffffffffn ^ ((1n << BigInt(32 - prefix)) - 1n));
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  // A dotted IPv4 part ends an address, so it cannot stand before "::".
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side of "::"; the last may be a dotted IPv4 address where one may end. */
function parseGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndDotted && index === parts.length - 1 && part.includes('.')) {
      const value = parseIpv4(part);
      if (value === undefined) return undefined;
      groups.push(Number(value >> 16n), Number(value & 0xffffn));
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups.length > 8 ? undefined : groups;
}

const formatIpv4 = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');

function formatIpv6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  const zeros = longestZeroRun(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (zeros.length < 2) return text(groups);
  return `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
