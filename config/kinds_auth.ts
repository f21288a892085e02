// The steps of a login chain, and what they work with.
import { quote, wrongType } from './kind.ts';
import type { Kind } from './kind.ts';
import type { RadiusServer } from '../core/ipc/auth.ts';
import type { SelectableGroup } from '../core/ipc/messages.ts';
import { formatIp, parseIp } from '../core/net/address.ts';
import { nearest } from './suggest.ts';

const STEPS = ['file', 'pam', 'ldap', 'radius', 'certificate', 'totp', 'oidc', 'saml', 'gssapi'];

/** The name of a step, "plugin:NAME" among them. */
export const stepName: Kind<string> = {
  name: 'step',
  expected: 'the name of a step',
  example: '"file"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(stepName, raw, say);
    if (STEPS.includes(raw) || /^plugin:[A-Za-z0-9_-]+$/.test(raw)) return raw;
    const near = nearest(raw, STEPS);
    const known = `known are ${STEPS.map(quote).join(', ')}`;
    return say(
      `${quote(raw)} is not a step of a login`,
      near === undefined ? known : `did you mean ${quote(near)}?`,
    );
  },
};

/** "staff", or "staff[All our people]" as in ocserv. */
export const selectableGroup: Kind<SelectableGroup> = {
  name: 'group',
  expected: 'the name of a group',
  example: '"staff[All our people]"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(selectableGroup, raw, say);
    const parts = /^([^[\]\p{Cc}]{1,64})(?:\[([^[\]\p{Cc}]{1,64})\])?$/u.exec(raw);
    const name = parts?.[1]?.trim() ?? '';
    if (name === '') {
      return say(`${quote(raw)} is not a group`, 'write "name" or "name[What people read]"');
    }
    return { name, label: parts?.[2]?.trim() ?? name };
  },
};

/** A file in /etc/pam.d. */
export const pamService: Kind<string> = {
  name: 'service',
  expected: 'the name of a PAM service',
  example: '"wolfguard"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(pamService, raw, say);
    if (/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/.test(raw)) return raw;
    return say(`${quote(raw)} is not the name of a PAM service`, 'a file name, without its folder');
  },
};

/** A name or an address, and a port: "radius.example.com", "192.0.2.1:1812", "[2001:db8::1]:1812". */
export function radiusServer(usualPort: number): Kind<RadiusServer> {
  const example = quote(`radius.example.com:${usualPort}`);
  const kind: Kind<RadiusServer> = {
    name: 'server',
    expected: 'a host and a port',
    example,
    parse: (raw, say) => {
      if (typeof raw !== 'string') return wrongType(kind, raw, say);
      const bare = parseIp(raw);
      if (bare !== undefined) return { host: formatIp(bare), port: usualPort };
      const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(raw);
      const host = hostOf(match?.[1], match?.[2]);
      if (host === undefined) return say(`${quote(raw)} is not a server`, `for example ${example}`);
      const port = Number(match?.[3] ?? usualPort);
      if (port >= 1 && port <= 65535) return { host, port };
      return say(`port ${port} is not between 1 and 65535`);
    },
  };
  return kind;
}

/** In brackets stands an IPv6 address and nothing else. */
function hostOf(bracketed: string | undefined, plain: string | undefined): string | undefined {
  if (bracketed !== undefined) {
    const ip = parseIp(bracketed);
    return ip?.family === 6 ? formatIp(ip) : undefined;
  }
  const name = plain ?? '';
  const ip = parseIp(name);
  if (ip !== undefined) return formatIp(ip);
  // Digits and dots that are no address are a mistake, not a name.
  const isName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(name);
  return isName && !/^[\d.]+$/.test(name) ? name : undefined;
}
