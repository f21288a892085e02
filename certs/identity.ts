// What a server certificate of this machine must be valid for: the names and the addresses under
// which a client can reach it.
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

import { formatIp, parseIp } from '../core/net/address.ts';

/** Names and addresses as they stand in subjectAltName; each list without doubles. */
export interface ServerIdentity {
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
}

/** What this machine is called now; `extra` is one more name or address, as an operator gave it. */
export function identityOfThisMachine(extra?: string): ServerIdentity {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address);
  return identityFrom({ hostname: hostname(), hosts: readHostsFile(), addresses, extra });
}

/**
 * The identity made of the host name, the text of /etc/hosts, the addresses of the interfaces and
 * one name or address more. Link-local addresses are left out: no URL can hold their zone.
 */
export function identityFrom(facts: {
  readonly hostname: string;
  readonly hosts: string;
  readonly addresses: readonly string[];
  readonly extra?: string | undefined;
}): ServerIdentity {
  const own = facts.addresses
    .flatMap((text) => parseIp(text.replace(/%.*$/, '')) ?? [])
    .filter((ip) => !isLinkLocal(formatIp(ip)))
    .map(formatIp);
  const extraIp = facts.extra === undefined ? undefined : parseIp(facts.extra);
  const addresses = new Set(['127.0.0.1', '::1', ...own]);
  if (extraIp !== undefined) addresses.add(formatIp(extraIp));
  const names = [
    ...(facts.extra !== undefined && extraIp === undefined ? [facts.extra] : []),
    facts.hostname,
    ...namesInHosts(facts.hosts, new Set([...own, '127.0.1.1'])),
    'localhost',
  ];
  const dnsNames = new Set(names.map((name) => name.toLowerCase()).filter(isDnsName));
  return { dnsNames: [...dnsNames], addresses: [...addresses] };
}

/** A host name that a certificate can bear: letters, digits and hyphens in labels. */
export const isDnsName = (name: string): boolean =>
  name.length <= 253 && /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i.test(name);

export const isLinkLocal = (address: string): boolean =>
  address.startsWith('169.254.') || /^fe[89ab][0-9a-f]:/i.test(address);

/** Debian writes the machine's full name beside 127.0.1.1, others beside its real address. */
function namesInHosts(hosts: string, own: ReadonlySet<string>): string[] {
  return hosts.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    const ip = parseIp(address);
    return ip !== undefined && own.has(formatIp(ip)) ? names : [];
  });
}

function readHostsFile(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8');
  } catch {
    return ''; // A machine without it simply has no more names.
  }
}
