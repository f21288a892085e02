// Kinds of values about the network: addresses, networks, pools, ports, names.
import { formatCidr, formatIp, parseCidr, parseIp } from '../core/net/address.ts';
import type { Cidr, Family, IpAddress } from '../core/net/address.ts';
import { isRoutable } from '../core/net/assignable.ts';
import { MISTAKE, quote, wrongType } from './kind.ts';
import type { Kind, Mistake, Say } from './kind.ts';

/** Where a socket listens: an address as text without brackets ("::" is dual-stack) and a port. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** An IPv4 or IPv6 address. */
export const ipAddress: Kind<IpAddress> = fromText(
  'IP address',
  'an IP address',
  '"10.77.0.53"',
  (raw, say) => {
    const ip = parseIp(raw);
    return (
      ip ?? say(`${quote(raw)} is not an IP address`, 'for example "10.77.0.53" or "fd00::53"')
    );
  },
);

/** A network without host bits; a bare address is the network of that one address. */
export const network: Kind<Cidr> = fromText('network', 'a network', '"10.0.0.0/8"', parseNetwork);

/** A network that may lie behind a client. */
export const siteNetwork: Kind<Cidr> = {
  ...network,
  example: '"192.168.40.0/24"',
  parse: (raw, say) => {
    const cidr = network.parse(raw, say);
    if (cidr === MISTAKE || isRoutable(cidr)) return cidr;
    return say(
      `${quote(formatCidr(cidr))} cannot lie behind a client`,
      'not all of the Internet, and no loopback, link-local or multicast network',
    );
  },
};

/** A network, or the word "default" for all of IPv4. */
export const route: Kind<Cidr> = {
  ...network,
  parse: (raw, say) => network.parse(raw === 'default' ? '0.0.0.0/0' : raw, say),
};

/** An address pool of one family with a prefix between two lengths. */
export function pool(family: Family, shortest: number, longest: number): Kind<Cidr> {
  const example = family === 4 ? '"10.77.0.0/16"' : '"fd00:77::/64"';
  return fromText(`IPv${family} network`, `an IPv${family} network`, example, (raw, say) => {
    const cidr = parseNetwork(raw, say);
    if (cidr === MISTAKE) return MISTAKE;
    const found = cidr.address.family;
    if (found !== family)
      return say(`${quote(raw)} is an IPv${found} network`, `it belongs in network.ipv${found}`);
    if (cidr.prefix >= shortest && cidr.prefix <= longest) return cidr;
    return say(
      `/${cidr.prefix} is not between /${shortest} and /${longest}`,
      `for example ${example}`,
    );
  });
}

/** "[::]:443", "0.0.0.0:443", or ":443" for both families. */
export const socketAddress: Kind<SocketAddress> = fromText(
  'address and port',
  'an address and a port',
  '"[::]:443"',
  (raw, say) => {
    const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,9})$/.exec(raw);
    const host = match?.[1] ?? match?.[2];
    if (match === null || host === undefined) return say(...notSocket(raw));
    const port = Number(match[3]);
    if (port < 1 || port > 65535) return say(`port ${port} is not between 1 and 65535`);
    if (host === '' && match[1] === undefined) return { address: '::', port };
    const ip = parseIp(host);
    return ip === undefined ? say(...notSocket(raw)) : { address: formatIp(ip), port };
  },
);

/** The name of a TUN device as the kernel takes it. */
export const deviceName: Kind<string> = fromText(
  'device name',
  'a device name',
  '"wolf0"',
  (raw, say) => {
    // IFNAMSIZ is 16 with the final NUL.
    if (raw.length > 15) return say(`${quote(raw)} is too long`, 'at most 15 characters');
    // The kernel takes more, "%" as a pattern among them; tools and nft rules do not.
    return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(raw)
      ? raw
      : say(`${quote(raw)} is not a device name`, 'letters, digits, "_", "." and "-"');
  },
);

/** A DNS name; a final dot is dropped. */
export const domain: Kind<string> = fromText('domain', 'a domain', '"example.com"', (raw, say) => {
  const name = raw.endsWith('.') ? raw.slice(0, -1) : raw;
  const labels = name.split('.');
  const sound = labels.every((label) =>
    /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label),
  );
  return sound && name.length <= 253
    ? name
    : say(`${quote(raw)} is not a domain`, 'for example "example.com"');
});

function fromText<T>(
  name: string,
  expected: string,
  example: string,
  parse: (raw: string, say: Say) => T | Mistake,
): Kind<T> {
  const kind: Kind<T> = {
    name,
    expected,
    example,
    parse: (raw, say) => (typeof raw === 'string' ? parse(raw, say) : wrongType(kind, raw, say)),
  };
  return kind;
}

function parseNetwork(raw: string, say: Say): Cidr | Mistake {
  const parsed = parseCidr(raw);
  if (parsed === undefined) return say(`${quote(raw)} is not a network`, networkHint(raw));
  const { network: cidr, host } = parsed;
  if (host.value === cidr.address.value) return cidr;
  return say(`${quote(raw)} has bits set behind its prefix`, `did you mean "${formatCidr(cidr)}"?`);
}

/** Knows "10.0.0.0/255.0.0.0", as other servers write it. */
function networkHint(raw: string): string {
  const [host, maskText, ...rest] = raw.split('/');
  const mask = maskText === undefined || rest.length > 0 ? undefined : parseIp(maskText);
  const ones = mask?.family === 4 ? mask.value.toString(2).padStart(32, '0') : '';
  const prefix = /^1*0*$/.test(ones) ? ones.indexOf('0') : -1;
  const meant = parseCidr(`${host ?? ''}/${ones !== '' && !ones.includes('0') ? 32 : prefix}`);
  return meant === undefined || ones === ''
    ? 'for example "10.0.0.0/8" or "fd00::/8"'
    : `did you mean "${formatCidr(meant.network)}"?`;
}

function notSocket(raw: string): [string, string] {
  const port = /^(?:\*:)?(\d{1,5})$/.exec(raw)?.[1];
  const ip = parseIp(/^(.*):\d+$/.exec(raw)?.[1] ?? '');
  let hint = 'for example "[::]:443", "0.0.0.0:443" or ":443"';
  if (port !== undefined) hint = `did you mean ":${port}"?`;
  else if (ip?.family === 6) hint = `IPv6 addresses stand in brackets: "[${formatIp(ip)}]:443"`;
  return [`${quote(raw)} is not an address and a port`, hint];
}
