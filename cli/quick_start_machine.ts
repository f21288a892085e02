// What the quick start asks the machine. Everything is read, nothing is changed, no program is run.
import { accessSync, constants, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import process from 'node:process';

import { resolversIn } from './quick_start_network.ts';

/** Facts about this machine that the quick start's configuration follows. */
export interface Machine {
  readonly addresses: readonly {
    readonly device: string;
    readonly address: string;
    readonly cidr: string;
  }[];
  /** The interface of the IPv4 default route. */
  readonly defaultDevice: string | undefined;
  /** Nameservers that are not on this machine's own loopback. */
  readonly resolvers: readonly string[];
  readonly hasIpv6: boolean;
  readonly hasNft: boolean;
  /** Who called sudo; undefined without sudo or when root did. */
  readonly sudoUser: string | undefined;
}

/** Reads the facts of the machine that this process runs on. */
export function readMachine(): Machine {
  const addresses = Object.entries(networkInterfaces()).flatMap(([device, list]) =>
    (list ?? []).map(({ address, cidr }) => ({ device, address, cidr: cidr ?? address })),
  );
  return {
    addresses,
    defaultDevice: defaultDeviceIn(readOr('/proc/net/route', '')),
    resolvers: readResolvers(),
    hasIpv6: addresses.some(({ address }) => address === '::1'),
    hasNft: isProgram('nft'),
    sudoUser: sudoUserOf(process.env['SUDO_USER']),
  };
}

/** The interface whose destination and mask are zero in the text of /proc/net/route. */
export function defaultDeviceIn(routes: string): string | undefined {
  for (const line of routes.split('\n').slice(1)) {
    const [device, destination, , , , , , mask] = line.split('\t');
    if (destination === '00000000' && mask === '00000000') return device;
  }
  return undefined;
}

/** A name that needs no quoting in a shell and no escaping in the passwd file, else undefined. */
export function sudoUserOf(name: string | undefined): string | undefined {
  return name !== undefined && name !== 'root' && /^[a-z_][a-z0-9_.-]{0,31}$/i.test(name)
    ? name
    : undefined;
}

/** systemd-resolved shows only its own loopback address in /etc; the real ones stand beside. */
function readResolvers(): string[] {
  const direct = resolversIn(readOr('/etc/resolv.conf', ''));
  return direct.length > 0 ? direct : resolversIn(readOr('/run/systemd/resolve/resolv.conf', ''));
}

/** /usr/sbin and /sbin count even where the PATH of a sudo lacks them. */
function isProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
