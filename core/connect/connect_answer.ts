// The answer to CONNECT [oc 5.3, 5.4]: names compared case-sensitively by the clients, one header
// per address, domain and network. No value can leave its line, whoever wrote it.
import { isCisco } from '../auth/client_facts.ts';
import { headerValue } from '../http/answer.ts';
import type { ClientFacts, TunnelGrant } from '../ipc/messages.ts';
import { formatCidr, formatIp, formatIpv4Mask, networkOf } from '../net/address.ts';
import { fillPlaceholders } from '../policy/placeholders.ts';
import { namesDefaultRoute } from '../policy/policy.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import type { CompressionChoice } from './compression.ts';
import type { DtlsMode } from './dtls_mode.ts';
import type { TunnelMtu } from './mtu.ts';
import type { RekeyPlan } from './rekey.ts';

export interface ConnectAnswer {
  readonly client: ClientFacts;
  /** The client takes IPv6 in headers of its own [oc 5.1]. */
  readonly fullIpv6: boolean;
  /** With inside6 null wherever IPv6 is not to be used. */
  readonly grant: TunnelGrant;
  /** From renderRouteHeaders: made once for all who share them. */
  readonly routeLines: string;
  readonly mtu: TunnelMtu;
  readonly dtls: DtlsMode;
  readonly udpPort: number;
  readonly compression: CompressionChoice;
  /** 32 bytes; sent as 64 hex digits. */
  readonly appId: Uint8Array;
  readonly now: EpochMs;
  readonly rekey: RekeyPlan;
}

type Header = readonly [name: string, value: string | number];

/** The whole answer, status line to blank line; the next byte is CSTP. */
export const renderConnectAnswer = (answer: ConnectAnswer): string =>
  `HTTP/1.1 200 CONNECTED\r\n${renderHeaders(identity(answer))}${answer.routeLines}${renderHeaders(
    channels(answer),
  )}\r\n`;

const renderHeaders = (headers: readonly Header[]): string =>
  headers.map(([name, value]) => `${name}: ${headerValue(String(value))}\r\n`).join('');

const identity = (answer: ConnectAnswer): readonly Header[] => [
  ['X-CSTP-Version', 1],
  ['X-CSTP-Server-Name', 'wolfguard'],
  ...hostname(answer),
  ...addresses(answer),
  ...names(answer),
];

const channels = (answer: ConnectAnswer): readonly Header[] => [
  ...bypass(answer),
  ...timers(answer),
  ['X-CSTP-Smartcard-Removal-Disconnect', 'true'],
  ['X-CSTP-Disconnected-Timeout', 'none'],
  ['X-CSTP-Keep', 'true'],
  ['X-CSTP-TCP-Keepalive', 'true'],
  // Mobile clients of Cisco want to hear this.
  ['X-CSTP-License', 'accept'],
  ...dtls(answer),
  ...optional('X-CSTP-Content-Encoding', answer.compression.tls ?? ''),
  ['X-CSTP-Base-MTU', answer.mtu.link],
  ['X-CSTP-MTU', answer.mtu.data],
  ...optional('X-CSTP-Banner', answer.grant.policy.banner),
  ...ofPolicy(answer),
];

/** A name may hold what means something in a URL, and the whole stays in its line anyway. */
const ofPolicy = ({ grant }: ConnectAnswer): readonly Header[] => [
  // openconnect compares this name with upper-case PAC [oc 5.4].
  ...optional(
    'X-CSTP-MSIE-Proxy-PAC-URL',
    fillPlaceholders(grant.policy.proxy_pac_url, grant, (name) =>
      encodeURIComponent(name.toWellFormed()),
    ),
  ),
  ...Object.entries(grant.policy.headers).map(([name, value]): Header => [
    name,
    fillPlaceholders(value, grant),
  ]),
];

const hostname = ({ client }: ConnectAnswer): readonly Header[] =>
  optional('X-CSTP-Hostname', client.hostname);

function addresses({ grant, fullIpv6 }: ConnectAnswer): readonly Header[] {
  const { inside4, inside6 } = grant;
  const headers: Header[] = [];
  if (inside4 !== null)
    headers.push(
      ['X-CSTP-Address', formatIp(inside4.address)],
      ['X-CSTP-Netmask', formatIpv4Mask(inside4.prefix)],
    );
  if (inside6 === null) return headers;
  if (fullIpv6)
    headers.push(['X-CSTP-Address-IP6', `${formatIp(inside6.address)}/${inside6.prefix}`]);
  else
    headers.push(
      ['X-CSTP-Address', formatIp(inside6.address)],
      ['X-CSTP-Netmask', formatCidr(networkOf(inside6.address, inside6.prefix))],
    );
  return headers;
}

function names({ grant, client }: ConnectAnswer): readonly Header[] {
  const { policy } = grant;
  const ipv6Name = isCisco(client) ? 'X-CSTP-DNS-IP6' : 'X-CSTP-DNS';
  return [
    ...policy.dns
      .filter(({ family }) => family === 4 || grant.inside6 !== null)
      .map((server): Header => [server.family === 4 ? 'X-CSTP-DNS' : ipv6Name, formatIp(server)]),
    ...policy.nbns.map((server): Header => ['X-CSTP-NBNS', formatIp(server)]),
    // One line for all: vpnc-script splits it at blanks.
    ...optional('X-CSTP-Default-Domain', policy.search_domains.join(' ')),
    ...policy.split_dns.map((domain): Header => ['X-CSTP-Split-DNS', domain]),
    ['X-CSTP-Tunnel-All-DNS', String(policy.tunnel_all_dns || namesDefaultRoute(policy))],
  ];
}

const bypass = (answer: ConnectAnswer): readonly Header[] => [
  // iOS uses IPv6 only where a network is named; this one is all of it [oc 5.4].
  ...(needsAppleRoute(answer) ? [['X-CSTP-Split-Include-IP6', '2000::/3'] as const] : []),
  ['X-CSTP-Client-Bypass-Protocol', String(answer.grant.policy.client_bypass)],
];

const needsAppleRoute = ({ client, fullIpv6, grant }: ConnectAnswer): boolean =>
  client.kind === 'anyconnect-apple' &&
  fullIpv6 &&
  grant.inside6 !== null &&
  !namesDefaultRoute(grant.policy);

function timers(answer: ConnectAnswer): readonly Header[] {
  const { client, grant, now } = answer;
  const { policy, sessionEndsAt } = grant;
  const idle = client.mobile ? policy.mobile_idle_timeout : policy.idle_timeout;
  return [
    ...seconds('X-CSTP-DPD', dpdOf(policy, client)),
    ...seconds('X-CSTP-Keepalive', policy.keepalive),
    ['X-CSTP-Idle-Timeout', idle > 0 ? toSeconds(idle) : 'none'],
    [
      'X-CSTP-Session-Timeout',
      policy.session_timeout > 0 ? toSeconds(policy.session_timeout) : 'none',
    ],
    ...(sessionEndsAt === null
      ? []
      : seconds('X-CSTP-Session-Timeout-Remaining', Math.max(1, sessionEndsAt - now))),
    ['X-CSTP-Rekey-Time', answer.rekey.clientSeconds],
    // Never "ssl", which to a client means a renegotiation, whoever renews the keys (rekey.ts).
    ['X-CSTP-Rekey-Method', 'new-tunnel'],
  ];
}

function dtls(answer: ConnectAnswer): readonly Header[] {
  const { dtls: mode, grant, client } = answer;
  if (mode.kind === 'off') return [];
  const id = Array.from(answer.appId, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [
    ...seconds('X-DTLS-DPD', dpdOf(grant.policy, client)),
    ['X-DTLS-Port', answer.udpPort],
    ['X-DTLS-Rekey-Time', answer.rekey.dtlsSeconds],
    ...seconds('X-DTLS-Keepalive', grant.policy.keepalive),
    ...optional('X-DTLS-Content-Encoding', answer.compression.dtls ?? ''),
    ...(mode.kind === 'psk'
      ? ([
          ['X-DTLS-App-ID', id],
          ['X-DTLS-CipherSuite', 'PSK-NEGOTIATE'],
        ] as const)
      : ([
          ['X-DTLS-Session-ID', id],
          [mode.header, mode.suite],
          ['X-DTLS-MTU', answer.mtu.data],
        ] as const)),
  ];
}

/** The DPD interval that holds for this client; 0 = none. */
export const dpdOf = (policy: SessionPolicy, client: ClientFacts): Milliseconds =>
  client.mobile ? policy.mobile_dpd : policy.dpd;

const optional = (name: string, value: string): readonly Header[] =>
  value === '' ? [] : [[name, value]];

/** A duration as a header; 0 means "off", which clients take from its absence. */
const seconds = (name: string, duration: Milliseconds): readonly Header[] =>
  duration > 0 ? [[name, toSeconds(duration)]] : [];

const toSeconds = (duration: Milliseconds): number => Math.ceil(duration / 1000);
