// Options that say what a session is given. They may stand in the main file, under a virtual host,
// and most of them in the file of a user or group.
import { parseCidr, formatCidr, parseIp } from '../../core/net/address.ts';
import { isTrue } from './conf_file.ts';
import { durationOf, lost, needless, withNumber } from './option.ts';
import type { Rule, Rules, Taken } from './option.ts';

const flag =
  (key: string, negated = false): Rule =>
  ({ policy, value }) =>
    policy.set(key, isTrue(value) !== negated);

const seconds =
  (key: string): Rule =>
  (taken) =>
    withNumber(taken, (number) => taken.policy.set(key, durationOf(number)));

const text =
  (key: string): Rule =>
  ({ policy, value }) =>
    policy.set(key, value);

const texts =
  (key: string): Rule =>
  ({ policy, values }) =>
    policy.set(key, values);

/** "10.0.0.0/255.0.0.0", "10.0.0.0/8", "fd00::/8"; undefined = none of these. */
export function networkOf(written: string): string | undefined {
  const [, address = '', mask] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+\.\d+\.\d+\.\d+)$/.exec(written) ?? [];
  const prefix = mask === undefined ? undefined : prefixOf(mask);
  if (mask !== undefined && prefix === undefined) return undefined;
  const parsed = parseCidr(prefix === undefined ? written : `${address}/${prefix}`);
  return parsed && formatCidr(parsed.network);
}

/** 24 for "255.255.255.0"; undefined for what is no netmask. */
export function prefixOf(mask: string): number | undefined {
  const value = parseIp(mask)?.value;
  if (value === undefined) return undefined;
  const bits = value.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

function networks(taken: Taken, key: string, words: ReadonlyMap<string, string> = new Map()): void {
  const carried: string[] = [];
  for (const value of taken.values) {
    const network = words.get(value) ?? networkOf(value);
    if (network === undefined) taken.note('lost', `"${value}" is not a network`);
    else carried.push(network);
  }
  taken.policy.set(key, carried);
}

/** %{U} and %{G} of ocserv. */
const placeholders = (value: string): string =>
  value.replaceAll('%{U}', '{user}').replaceAll('%{G}', '{group}');

function addresses(taken: Taken, key: string): void {
  const known = taken.values.filter((value) => parseIp(value) !== undefined);
  for (const value of taken.values.filter((one) => !known.includes(one))) {
    const why = value === 'local' ? 'name the server by its address' : 'it is not an address';
    taken.note('lost', `"${value}": ${why}`);
  }
  const before = taken.policy.values.get(key);
  taken.policy.set(key, [
    ...(Array.isArray(before) ? (before as readonly string[]) : []),
    ...known,
  ]);
}

const rate =
  (key: string): Rule =>
  (taken) =>
    // Bytes there, bits here.
    withNumber(taken, (bytes) => taken.policy.set(key, bytes <= 0 ? '' : `${bytes * 8}bit`));

const PROTOCOLS = /^(tcp|udp|sctp|icmpv6|icmp|esp)\s*\(\s*(\d*)\s*\)$/i;

/** "tcp(443), icmp()" allows only these, "!(tcp(25))" all but these. */
function ports(taken: Taken): void {
  const [, inside] = /^!\s*\((.*)\)$/.exec(taken.value) ?? [];
  const rules: string[] = [];
  for (const part of (inside ?? taken.value).split(',')) {
    const [, protocol, port] = PROTOCOLS.exec(part.trim()) ?? [];
    if (protocol === undefined) {
      taken.note('lost', `"${part.trim()}" names no protocol that ocserv knows`);
      return;
    }
    const named = port !== undefined && port !== '' && port !== '0';
    rules.push(`${protocol.toLowerCase()}${named ? `:${port}` : ''}`);
  }
  taken.policy.set(inside === undefined ? 'allow' : 'deny', rules);
  // As ocserv does: who is held to ports is held to routes.
  taken.policy.set('enforce_routes', true);
}

/** "0x.." is the byte of the header, a small number a priority of the socket. */
function priority(taken: Taken): void {
  const hex = /^0x([0-9a-f]{1,2})$/i.exec(taken.value)?.[1];
  if (hex !== undefined) taken.policy.set('dscp', `${Number.parseInt(hex, 16) >> 2}`);
  else {
    const why = 'a priority of the socket is not the mark of a packet: set policy.dscp, e.g. "ef"';
    taken.note('lost', why);
  }
}

function headers(taken: Taken): void {
  const all: Record<string, string> = {};
  for (const value of taken.values) {
    const [, name, rest] = /^([^:\s]+)\s*:\s*(.*)$/.exec(value) ?? [];
    if (name === undefined || rest === undefined) taken.note('lost', `"${value}" is no header`);
    else all[name] = placeholders(rest);
  }
  taken.policy.set('headers', { ...(taken.policy.values.get('headers') as object), ...all });
}

/** By the name of the option. */
export const POLICY_RULES: Rules = {
  route: (taken) => networks(taken, 'routes', new Map([['default', 'default']])),
  // What Cisco's clients take for the network that they stand in.
  'no-route': (taken) =>
    networks(taken, 'no_routes', new Map([['0.0.0.0/255.255.255.255', '0.0.0.0/32']])),
  'append-routes': flag('append_routes'),
  iroute: (taken) => networks(taken, 'iroutes'),
  'restrict-user-to-routes': flag('enforce_routes'),
  'restrict-user-to-ports': ports,
  dns: (taken) => addresses(taken, 'dns'),
  'ipv4-dns': (taken) => addresses(taken, 'dns'),
  'ipv6-dns': (taken) => addresses(taken, 'dns'),
  nbns: (taken) => addresses(taken, 'nbns'),
  'ipv4-nbns': (taken) => addresses(taken, 'nbns'),
  'ipv6-nbns': (taken) => addresses(taken, 'nbns'),
  'split-dns': texts('split_dns'),
  'default-domain': ({ policy, value }) =>
    policy.set(
      'search_domains',
      value.split(/\s+/).filter((name) => name !== ''),
    ),
  'tunnel-all-dns': flag('tunnel_all_dns'),
  'proxy-url': ({ policy, value }) => policy.set('proxy_pac_url', placeholders(value)),
  'custom-header': headers,
  'client-bypass-protocol': flag('client_bypass'),
  banner: text('banner'),
  'user-profile': ({ policy, value, path }) => policy.set('user_profile', path(value)),
  mtu: (taken) => withNumber(taken, (number) => taken.policy.set('mtu', Math.max(0, number))),
  keepalive: seconds('keepalive'),
  dpd: seconds('dpd'),
  'mobile-dpd': seconds('mobile_dpd'),
  'switch-to-tcp-timeout': seconds('switch_to_tcp'),
  'idle-timeout': seconds('idle_timeout'),
  'mobile-idle-timeout': seconds('mobile_idle_timeout'),
  'session-timeout': seconds('session_timeout'),
  'rekey-time': seconds('rekey'),
  'rekey-method': ({ policy, value, note }) => {
    if (value === 'ssl' || value === 'new-tunnel') policy.set('rekey_method', value);
    else note('lost', `"${value}" is neither "ssl" nor "new-tunnel"`);
  },
  'no-udp': flag('udp', true),
  compression: flag('compression'),
  'rx-data-per-sec': rate('rx_limit'),
  'tx-data-per-sec': rate('tx_limit'),
  'net-priority': priority,
  'max-same-clients': (taken) =>
    withNumber(taken, (number) => taken.policy.set('max_sessions', Math.max(0, number))),
  'explicit-ipv4': text('address'),
  'explicit-ipv6': text('address6'),
  'output-buffer': needless('buffers are made for the rate and the delay of each path'),
  cgroup: needless('one process serves many: systemd gives the whole service its share'),
  'expose-iroutes': lost('write the networks of other clients into policy.routes'),
  hostname: lost('the name that a client gives is not replaced'),
  'no-compress-limit': needless('what does not get smaller is not sent compressed'),
  'compression-algo-priority': needless('LZ4 comes before LZS, as it does there'),
};
