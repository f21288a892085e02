// What an Access-Accept gives: groups, and attributes that take the place of the policy's keys.
import { contains, parseCidr } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import { isRoutable } from '../net/assignable.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import {
  NAME,
  readInteger,
  readIpv4,
  readIpv6,
  readIpv6Prefix,
  readText,
  valuesOf,
} from './attributes.ts';
import type { AttributeName } from './attributes.ts';
import { groupsOf } from './class_groups.ts';
import type { Attribute } from './packet.ts';

export interface Authorization {
  readonly groups: readonly string[];
  readonly policy: Partial<SessionPolicy>;
  /** Seconds between interim records; null = the server does not say. */
  readonly interimSeconds: number | null;
  /** Values of Class as hex, to be sent back. */
  readonly classes: readonly string[];
}

/** Kilobits and bits. */
const KILO = 1000;
/** As long as clients show it. */
const MAX_BANNER_CHARACTERS = 256;

/** Attributes that nobody can read are passed over. */
export function authorizationOf(attributes: readonly Attribute[]): Authorization {
  const classes = valuesOf(attributes, NAME.class);
  return {
    groups: groupsOf(classes),
    policy: policyOf(attributes),
    interimSeconds: firstOf(attributes, NAME.acctInterimInterval, readPositive) ?? null,
    classes: classes.map((value) =>
      [...value].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    ),
  };
}

/** What people read, all lines in one [rfc2865 5.18]; '' = nothing. */
export const replyMessage = (attributes: readonly Attribute[]): string =>
  allOf(attributes, NAME.replyMessage, readText).join(' ').trim();

/** The keys of a policy that attributes may speak about. */
export const RADIUS_KEYS = [
  'address',
  'address6',
  'routes',
  'dns',
  'nbns',
  'session_timeout',
  'idle_timeout',
  'mobile_idle_timeout',
  'rx_limit',
  'tx_limit',
  'banner',
] as const satisfies readonly (keyof SessionPolicy)[];

type RadiusPolicy = Pick<SessionPolicy, (typeof RADIUS_KEYS)[number]>;

function policyOf(attributes: readonly Attribute[]): Partial<RadiusPolicy> {
  const first = <T>(name: AttributeName, read: (value: Uint8Array) => T | undefined) =>
    firstOf(attributes, name, read);
  const seconds = (name: AttributeName): number | undefined => {
    const value = first(name, readPositive);
    return value === undefined ? undefined : value * 1000;
  };
  const rate = (kilobits: AttributeName, bits: AttributeName): number | undefined => {
    const value = first(kilobits, readPositive);
    return value === undefined ? first(bits, readPositive) : value * KILO;
  };
  const idle = seconds(NAME.idleTimeout);
  const ipv6 = ipv6Of(
    first(NAME.framedIpv6Address, readIpv6),
    first(NAME.delegatedIpv6Prefix, readIpv6Prefix),
  );
  const others = defined({
    address: first(NAME.framedIpAddress, readFramedIp),
    routes: filled(routesOf(attributes)),
    dns: filled([
      ...allOf(attributes, NAME.msPrimaryDnsServer, readIpv4),
      ...allOf(attributes, NAME.msSecondaryDnsServer, readIpv4),
      ...allOf(attributes, NAME.dnsServerIpv6Address, readIpv6),
    ]),
    nbns: filled([
      ...allOf(attributes, NAME.msPrimaryNbnsServer, readIpv4),
      ...allOf(attributes, NAME.msSecondaryNbnsServer, readIpv4),
    ]),
    session_timeout: seconds(NAME.sessionTimeout),
    idle_timeout: idle,
    mobile_idle_timeout: idle,
    rx_limit: rate(NAME.rpUpstreamSpeedLimit, NAME.wisprBandwidthMaxUp),
    tx_limit: rate(NAME.rpDownstreamSpeedLimit, NAME.wisprBandwidthMaxDown),
    banner: cut(replyMessage(attributes)) || undefined,
  });
  return { ...ipv6, ...others };
}

/** At a whole character. */
const cut = (message: string): string =>
  Array.from(message).slice(0, MAX_BANNER_CHARACTERS).join('');

const routesOf = (attributes: readonly Attribute[]): Cidr[] => [
  ...allOf(attributes, NAME.framedRoute, (value) => readRoute(value, 4)),
  ...allOf(attributes, NAME.framedIpv6Route, (value) => readRoute(value, 6)),
  ...allOf(attributes, NAME.framedIpv6Prefix, readIpv6Prefix),
];

/** "10.0.0.0/8 192.0.2.1 1": gateway and metrics have no meaning in a tunnel [rfc2865 5.22]. */
function readRoute(value: Uint8Array, family: 4 | 6): Cidr | undefined {
  const [destination = ''] = readText(value).split(' ', 1);
  const parsed = parseCidr(destination);
  if (parsed?.network.address.family !== family) return undefined;
  if (family === 6 || destination.includes('/')) return parsed.network;
  return parseCidr(`${destination}/${classfulPrefix(parsed.host)}`)?.network;
}

/** Without a prefix length the old classes count [rfc2865 5.22]; one address where bits are left over. */
function classfulPrefix(address: IpAddress): number {
  if (address.value === 0n) return 0;
  const lead = address.value >> 28n;
  const prefix = lead < 8n ? 8 : lead < 12n ? 16 : 24;
  const isNetwork = (address.value & ((1n << BigInt(32 - prefix)) - 1n)) === 0n;
  return isNetwork ? prefix : 32;
}

/** 255.255.255.255 and .254 mean "any" [rfc2865 5.8]. */
function readFramedIp(value: Uint8Array): IpAddress | undefined {
  const address = readIpv4(value);
  return address === undefined || address.value >= 0xfffffffen ? undefined : address;
}

type Ipv6 = Pick<Partial<SessionPolicy>, 'address6' | 'address6_prefix' | 'iroutes'>;

/**
 * A delegated prefix is all the client's [rfc4818]: the network of its address, or, where its
 * address lies elsewhere, what is behind it.
 */
function ipv6Of(framed: IpAddress | undefined, delegated: Cidr | undefined): Ipv6 {
  if (delegated === undefined || !isRoutable(delegated))
    return framed === undefined ? {} : { address6: framed };
  if (framed !== undefined && !contains(delegated, framed)) {
    return { address6: framed, iroutes: [delegated] };
  }
  const address6_prefix = delegated.prefix === 128 ? 0 : delegated.prefix;
  return { address6: framed ?? firstHost(delegated), address6_prefix };
}

/** The first address of a prefix that a host can have. */
const firstHost = ({ address, prefix }: Cidr): IpAddress =>
  prefix >= 127 ? address : { ...address, value: address.value + 1n };

/** 0 says nothing. */
const readPositive = (value: Uint8Array): number | undefined => readInteger(value) || undefined;

const firstOf = <T>(
  attributes: readonly Attribute[],
  name: AttributeName,
  read: (value: Uint8Array) => T | undefined,
): T | undefined => allOf(attributes, name, read)[0];

const allOf = <T>(
  attributes: readonly Attribute[],
  name: AttributeName,
  read: (value: Uint8Array) => T | undefined,
): T[] =>
  valuesOf(attributes, name).flatMap((value) => {
    const found = read(value);
    return found === undefined ? [] : [found];
  });

const filled = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list;

/** Without what is undefined: those keys stay the configuration's. */
const defined = (policy: {
  readonly [K in Exclude<keyof RadiusPolicy, keyof Ipv6>]: RadiusPolicy[K] | undefined;
}): Partial<RadiusPolicy> =>
  Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
