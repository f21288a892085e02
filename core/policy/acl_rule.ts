// Rules of policy.allow and policy.deny, one a text:
//
//   [PROTOCOL[:PORTS]] [NETWORK]        tcp:22 10.0.0.0/8 · udp:53 · tcp:80,8000-8100 · icmp · 10.1.0.0/16
//
// A rule speaks of what a client sends: the protocol of its packet, the port there, the address there.
import { formatCidr, parseCidr } from '../net/address.ts';
import type { Cidr, Family } from '../net/address.ts';

/** Protocol numbers by their names in rules. */
export const ACL_PROTOCOLS = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  sctp: 132,
} as const;

export type AclProtocol = keyof typeof ACL_PROTOCOLS;

/** Both ends belong to it. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

export interface AclRule {
  /** null = every protocol. */
  readonly protocol: AclProtocol | null;
  /** Ports that the packet goes to; empty = all. Only of a protocol that has ports. */
  readonly ports: readonly PortRange[];
  /** Where the packet goes; null = anywhere, in both families. */
  readonly network: Cidr | null;
}

/** What is wrong with a rule, and what to write instead. */
export interface AclMistake {
  readonly mistake: string;
  readonly hint: string;
}

/** The protocols whose packets have a port where rules look for it. */
export const PROTOCOLS_WITH_PORTS: readonly AclProtocol[] = ['tcp', 'udp', 'sctp'];

const EXAMPLES = 'for example "tcp:22 10.0.0.0/8", "udp:53", "icmp" or "10.1.0.0/16"';
const FAMILY_OF: Readonly<Partial<Record<AclProtocol, Family>>> = { icmp: 4, icmpv6: 6 };

export function parseAclRule(text: string): AclRule | AclMistake {
  const words = text.split(' ').filter((word) => word !== '');
  const [first = '', second, ...rest] = words;
  if (first === '' || rest.length > 0) return mistake(`${quote(text)} is not a rule`, EXAMPLES);
  if (parseCidr(first) !== undefined || /[./]/.test(first)) {
    if (second !== undefined)
      return mistake(`${quote(second)} stands behind the network`, EXAMPLES);
    const network = parseNetwork(first);
    return 'mistake' in network ? network : { protocol: null, ports: [], network };
  }
  const head = parseProtocol(first);
  if ('mistake' in head || second === undefined) return head;
  const network = parseNetwork(second);
  if ('mistake' in network) return network;
  const family = head.protocol === null ? undefined : FAMILY_OF[head.protocol];
  if (family !== undefined && network.address.family !== family) {
    const other = family === 4 ? 'icmpv6' : 'icmp';
    return mistake(
      `${quote(text)} can match nothing: ${head.protocol} is of IPv${family}`,
      `did you mean "${other} ${formatCidr(network)}"?`,
    );
  }
  return { ...head, network };
}

/** As parseAclRule reads it. */
export function formatAclRule({ protocol, ports, network }: AclRule): string {
  const list = ports.map(({ low, high }) => (low === high ? String(low) : `${low}-${high}`));
  const head = [protocol ?? '', list.join(',')].filter((part) => part !== '').join(':');
  return [head, network === null ? '' : formatCidr(network)]
    .filter((part) => part !== '')
    .join(' ');
}

/** Whether a packet of that family can ever match: its protocol and its network allow it. */
export const isOfFamily = ({ protocol, network }: AclRule, family: Family): boolean =>
  (network === null || network.address.family === family) &&
  ((protocol === null ? undefined : FAMILY_OF[protocol]) ?? family) === family;

function parseProtocol(word: string): AclRule | AclMistake {
  const colon = word.indexOf(':');
  const name = colon < 0 ? word : word.slice(0, colon);
  const protocol = PROTOCOL_NAMES.find((known) => known === name);
  if (protocol === undefined) {
    const lower = PROTOCOL_NAMES.find((known) => known === name.toLowerCase());
    return mistake(
      `${quote(name)} is not a protocol`,
      lower === undefined
        ? `one of ${PROTOCOL_NAMES.join(', ')}, or a network`
        : `did you mean "${lower}"?`,
    );
  }
  if (colon < 0) return { protocol, ports: [], network: null };
  if (!PROTOCOLS_WITH_PORTS.includes(protocol))
    return mistake(`${protocol} has no ports`, `did you mean "${protocol}"?`);
  const ports: PortRange[] = [];
  for (const part of word.slice(colon + 1).split(',')) {
    const range = parsePorts(part);
    if ('mistake' in range) return range;
    ports.push(range);
  }
  return { protocol, ports, network: null };
}

const PROTOCOL_NAMES = Object.keys(ACL_PROTOCOLS) as AclProtocol[];

function parsePorts(text: string): PortRange | AclMistake {
  const match = /^(0|[1-9]\d{0,4})(?:-(0|[1-9]\d{0,4}))?$/.exec(text);
  const low = Number(match?.[1]);
  const high = Number(match?.[2] ?? match?.[1]);
  if (match === null || high > 65535 || low > 65535)
    return mistake(`${quote(text)} is not a port or a range of ports`, 'such as 443 or 8000-8100');
  if (low > high) return mistake(`${text} is empty`, `did you mean ${high}-${low}?`);
  return { low, high };
}

function parseNetwork(text: string): Cidr | AclMistake {
  const parsed = parseCidr(text);
  if (parsed === undefined) return mistake(`${quote(text)} is not a network`, EXAMPLES);
  const { network, host } = parsed;
  if (host.value === network.address.value) return network;
  return mistake(
    `${quote(text)} has bits set behind its prefix`,
    `did you mean "${formatCidr(network)}"?`,
  );
}

const quote = (text: string): string => JSON.stringify(text);

const mistake = (what: string, hint: string): AclMistake => ({ mistake: what, hint });
