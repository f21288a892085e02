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
}: ClientHints): ClientFacts {
  const kind = clientKind(userAgent);
  return {
    userAgent: printable(userAgent, MAX_USER_AGENT_LENGTH),
    kind,
    mobile: kind === 'anyconnect-apple' || /^(apple-ios|android)/i.test(platform),
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

/** Prefixes in the order of [oc 2.3]; the first match wins. */
const KINDS: readonly (readonly [string, ClientFacts['kind']])[] = [
  ['open anyconnect vpn agent v', 'openconnect'],
  ['cisco anyconnect vpn agent for apple', 'anyconnect-apple'],
  ['openconnect vpn agent', 'openconnect'],
  ['anyconnect-compatible openconnect', 'openconnect'],
  ['cisco anyconnect', 'anyconnect'],
  ['anyconnect', 'anyconnect'],
  ['clavister oneconnect vpn', 'openconnect'],
  ['anylink secure client', 'openconnect'],
];

function clientKind(userAgent: string): ClientFacts['kind'] {
  const name = userAgent.toLowerCase();
  const version = /^open anyconnect vpn agent v(\d+)/.exec(name)?.[1];
  if (version !== undefined && Number(version) <= 3) return 'openconnect-v3';
  return KINDS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 'unknown';
}

const printable = (text: string, length: number): string =>
  text.replace(/\p{C}/gu, '').slice(0, length).toWellFormed();
