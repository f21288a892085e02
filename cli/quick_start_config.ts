// The wolfguard.toml of the quick start: written once, from then on the operator's to edit.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { readNamedFile } from '../certs/files.ts';
import { loadConfig } from '../config/loader.ts';

/** What the written file says; paths are absolute. */
export interface QuickStartSettings {
  readonly stateDir: string;
  readonly port: number;
  readonly certificate: string;
  readonly privateKey: string;
  readonly passwdFile: string;
  readonly ipv4: string;
  /** '' = no IPv6 inside the tunnel. */
  readonly ipv6: string;
  /** IPv6 sockets exist, so "[::]" serves both families. */
  readonly dualStack: boolean;
  readonly nat: boolean;
  readonly dns: readonly string[];
}

/** The text of wolfguard.toml. */
export function renderConfig(settings: QuickStartSettings): string {
  const runtimeDir = runtimeDirOf(settings.stateDir);
  const listen = quote(`${settings.dualStack ? '[::]' : '0.0.0.0'}:${settings.port}`);
  return `# Written by the quick start at its first start; yours to edit from now on.
# Every key and its default: docs/configuration.md

[listen]
tcp = [${listen}]
udp = [${listen}]

[state]
dir = ${quote(settings.stateDir)}
runtime_dir = ${quote(runtimeDir)}

[tls]
certificate = ${quote(settings.certificate)}
private_key = ${quote(settings.privateKey)}

[auth.file]
path = ${quote(settings.passwdFile)}

[network]
ipv4 = ${quote(settings.ipv4)}
ipv6 = ${quote(settings.ipv6)}
${renderNat(settings.nat)}

[policy]
${renderRoutes(settings)}
dns = [${settings.dns.map(quote).join(', ')}]

[admin]
socket = ${quote(path.join(runtimeDir, 'admin.sock'))}

[log]
format = "pretty"
`;
}

const renderNat = (nat: boolean): string =>
  nat
    ? 'nat = true              # clients reach the Internet with the address of this machine'
    : 'nat = false             # needs the program nft: apt-get install nftables, then set it to true';

/** Without NAT a default route into the tunnel would only cut the client off the Internet. */
const renderRoutes = ({ nat, ipv4, ipv6 }: QuickStartSettings): string =>
  nat
    ? 'routes = []             # everything goes through the tunnel'
    : `routes = [${[ipv4, ipv6]
        .filter((cidr) => cidr !== '')
        .map(quote)
        .join(', ')}]   # only the VPN itself; [] = everything`;

/** sockaddr_un holds 108 bytes, the last of them a zero. */
const MAX_SOCKET_PATH_BYTES = 107;
/** Room for the longest socket name that the server makes in its runtime folder. */
const LONGEST_SOCKET_NAME = '/admin.sock';

/** The runtime folder: inside the state folder, unless socket paths would grow too long there. */
export function runtimeDirOf(stateDir: string): string {
  const inside = path.join(stateDir, 'run');
  if (Buffer.byteLength(inside + LONGEST_SOCKET_NAME) <= MAX_SOCKET_PATH_BYTES) return inside;
  const hash = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  return `/run/wolfguard-quick-${hash}`;
}

/** What the quick start needs of a configuration that its owner may have edited since. */
export interface EditedConfig {
  readonly port: number | undefined;
  readonly certificate: string;
  readonly passwdFile: string;
  readonly adminSocket: string;
}

/** 'none' = no such file; 'wrong' = the server itself will say which line is, so nobody else does. */
export function readEditedConfig(configPath: string): EditedConfig | 'none' | 'wrong' {
  if (!existsSync(configPath)) return 'none';
  const loaded = loadConfig(readNamedFile(configPath, 'configuration'), configPath);
  if (!loaded.ok) return 'wrong';
  const { listen, tls, auth, admin } = loaded.config;
  return {
    port: listen.tcp[0]?.port,
    certificate: tls.certificate[0] ?? '',
    passwdFile: auth.file.path,
    adminSocket: admin.socket,
  };
}

/** A TOML basic string: JSON's escapes are among TOML's, which forbids a bare DEL besides. */
const quote = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');
