// What the headers of a request say about the client program [oc 2.2, 2.3]. Everything here is the
// client's own word: it chooses between dialects and nothing else hangs on it.
import type { ClientFacts } from '../ipc/messages.ts';

/** Header values as received; '' where one is missing. */
export interface ClientHints {
  readonly userAgent: string;
  /** X-AnyConnect-Identifier-Platform, or the device-id of a login document. */
  readonly platform: string;
  /** X-AnyConnect-Identifier-DeviceType, or the same of a login document. */
  readonly deviceType: string;
  readonly hostname: string;
  /** X-CSTP-License: phones ask for the licence of that name. */
  readonly license: string;
}

/** Long enough for every known name; the rest is cut off. */
const MAX_USER_AGENT_LENGTH = 256;
const MAX_PLATFORM_LENGTH = 64;
/** A DNS label: what scripts may expect of a host name. */
const MAX_HOSTNAME_LENGTH = 63;

export function clientFacts({
  userAgent,
  platform,
  deviceType,
  hostname,
  license,
}: ClientHints): ClientFacts {
  const kind = clientKind(userAgent);
  return {
    userAgent: printable(userAgent, MAX_USER_AGENT_LENGTH),
    kind,
    mobile:
      kind === 'anyconnect-apple' ||
      /^(apple-ios|android)/i.test(platform) ||
      /^mobile$/i.test(license) ||
      /^anyconnect android/i.test(userAgent),
    hostname: sanitiseHostname(hostname),
    platform: printable(platform, MAX_PLATFORM_LENGTH),
    deviceType: printable(deviceType, MAX_PLATFORM_LENGTH),
  };
}

/** Letters, digits, dot, hyphen and underscore: safe as an argument of a script [oc 2.2]. */
export const sanitiseHostname = (text: string): string =>
  text
    .replace(/[^A-Za-z0-9._-]/g, '')
    .replace(/^[.-]+/, '')
    .slice(0, MAX_HOSTNAME_LENGTH);

/** One of Cisco's own programs, whose habits they share. */
export const isCisco = ({ kind }: Pick<ClientFacts, 'kind'>): boolean =>
  kind === 'anyconnect' || kind === 'anyconnect-apple' || kind === 'cisco-phone';

/** In the order of [oc 2.3]; the first match wins. */
const KINDS: readonly (readonly [RegExp, ClientFacts['kind']])[] = [
  [/^open anyconnect vpn agent v[0-3](?!\d)/i, 'openconnect-v3'],
  [/^open anyconnect vpn agent v/i, 'openconnect'],
  // Cisco's app for iOS has two names: one logs in, the other opens the tunnel.
  [/^(cisco anyconnect vpn agent for apple|anyconnect applesslvpn)/i, 'anyconnect-apple'],
  [/^(openconnect vpn agent|anyconnect-compatible openconnect|openconnect-gui)/i, 'openconnect'],
  [/^(cisco )?anyconnect/i, 'anyconnect'],
  // "OneConnect/3.11 (Clavister OneConnect VPN)", or the name alone.
  [/clavister oneconnect vpn/i, 'openconnect'],
  [/^anylink/i, 'openconnect'],
  [/^cisco svc ipphone client/i, 'cisco-phone'],
];

const clientKind = (userAgent: string): ClientFacts['kind'] =>
  KINDS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'unknown';

const printable = (text: string, length: number): string =>
  text.replace(/\p{C}/gu, '').slice(0, length).toWellFormed();
