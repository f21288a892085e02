// The environment of hook programs: names and formats are ocserv's, so that its scripts go on
// working. docs/hooks.md has the table.
import { formatIp, parseCidr } from '../net/address.ts';
import type { SessionInfo, SessionStatistics } from '../plugin/plugin.ts';

/** Why a program runs. */
export type Occasion =
  | { readonly reason: 'connect' | 'host-update' }
  | { readonly reason: 'disconnect'; readonly statistics: SessionStatistics };

/** What the kernel takes as one variable, 128 KiB, with room for the largest prefix notation. */
const MAX_VALUE_LENGTH = 96 * 1024;

/** Without control characters in any value; a list that is too long for a variable is left out. */
export function hookEnvironment(info: SessionInfo, occasion: Occasion): Record<string, string> {
  const { client, outside, inside4, inside6 } = info;
  const variables: Readonly<Record<string, string | undefined>> = {
    REASON: occasion.reason,
    ID: String(info.id),
    VHOST: info.vhost === '' ? 'default' : info.vhost,
    USERNAME: info.user,
    GROUPNAME: info.group,
    HOSTNAME: client.hostname,
    REMOTE_HOSTNAME: client.hostname,
    DEVICE: info.device,
    USER_AGENT: client.userAgent,
    DEVICE_TYPE: client.deviceType,
    DEVICE_PLATFORM: client.platform,
    IP_REAL: outside.address,
    IP_REAL_LOCAL: presentOr(outside.local),
    IP_LOCAL: presentOr(inside4?.local ?? inside6?.local),
    IP_REMOTE: inside4?.address ?? inside6?.address,
    IPV6_LOCAL: presentOr(inside6?.local),
    IPV6_REMOTE: inside6?.address,
    IPV6_PREFIX: inside6 === null ? undefined : String(inside6.prefix),
    ...byFamily('OCSERV_ROUTES', info.routes.map(inScripts)),
    ...byFamily('OCSERV_NO_ROUTES', info.noRoutes.map(inScripts)),
    ...byFamily('OCSERV_DNS', info.dns),
    OCSERV_RESTRICT_TO_ROUTES: info.enforceRoutes ? '1' : undefined,
    OCSERV_ALLOW_PORTS: portsOf(info.allow),
    OCSERV_DENY_PORTS: portsOf(info.deny),
    ...(occasion.reason === 'disconnect' ? statistics(occasion.statistics) : {}),
  };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || value.length > MAX_VALUE_LENGTH ? [] : [[name, clean(value)]],
    ),
  );
}

/** All, and those of one family: what iptables and ip6tables each want. A blank ends each item. */
function byFamily(name: string, items: readonly string[]): Record<string, string | undefined> {
  const isIpv6 = (item: string): boolean => item.includes(':');
  return {
    [name]: joined(items),
    [`${name}4`]: joined(items.filter((item) => !isIpv6(item))),
    [`${name}6`]: joined(items.filter(isIpv6)),
  };
}

const joined = (items: readonly string[]): string | undefined =>
  presentOr(items.map((item) => `${item} `).join(''));

/** "tcp 443 udp 53 icmp all "; undefined when there is none, or one that cannot be said so. */
function portsOf(rules: readonly string[]): string | undefined {
  const items = rules.map((rule) => {
    const [, protocol, ports] = /^(tcp|udp|sctp):(\d+(?:,\d+)*)$/.exec(rule) ?? [];
    if (protocol !== undefined && ports !== undefined) {
      return ports.split(',').map((port) => `${protocol} ${port}`);
    }
    return /^(icmp|icmpv6|esp)$/.test(rule) ? [`${rule} all`] : undefined;
  });
  const sayable = items.filter((item) => item !== undefined);
  return sayable.length < items.length ? undefined : joined(sayable.flat());
}

/** IPv4 networks have a mask: 10.0.0.0/255.0.0.0. */
function inScripts(network: string): string {
  const cidr = parseCidr(network)?.network;
  if (cidr?.address.family !== 4) return network;
  const mask = (0xffffffffn << BigInt(32 - cidr.prefix)) & 0xffffffffn;
  return `${formatIp(cidr.address)}/${formatIp({ family: 4, value: mask })}`;
}

const statistics = ({ bytesIn, bytesOut, durationMs }: SessionStatistics) => ({
  STATS_BYTES_IN: String(bytesIn),
  STATS_BYTES_OUT: String(bytesOut),
  STATS_DURATION: String(Math.floor(durationMs / 1000)),
});

const presentOr = (value: string | undefined): string | undefined =>
  value === '' ? undefined : value;

/** A line break or a NUL would let a name say more than a name; without them it is another name. */
const clean = (value: string): string => value.replace(/\p{Cc}/gu, '\ufffd').toWellFormed();
