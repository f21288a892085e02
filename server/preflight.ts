// What must be so before the first thing is set up: each failure is one sentence that says what
// to do, and nothing has been changed yet.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import { contains, formatCidr, parseIp } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import type { System } from '../native/system.ts';
import type { PassedSockets } from './passed_sockets.ts';
import { poolsOf } from './pools.ts';

/** TUN devices, ports below 1024 and nftables are root's alone. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new WolfguardError('NOT_ROOT', 'wolfguard must be started as root: try it with sudo');
}

export function requireTun(device = '/dev/net/tun'): void {
  if (existsSync(device)) return;
  throw new WolfguardError(
    'TUN_MISSING',
    `there is no ${device}: run "modprobe tun"; in a container pass the device in (docker run ` +
      '--device /dev/net/tun --cap-add NET_ADMIN)',
  );
}

/**
 * Takes io_uring from this process and its children to come: what goes through a ring goes past the
 * workers' seccomp filter.
 */
export function prepareSandbox(
  { workers }: Config,
  { denyIoUring }: Pick<System, 'denyIoUring'>,
): void {
  if (!workers.sandbox) return;
  try {
    denyIoUring();
  } catch (error) {
    throw new WolfguardError(
      'SANDBOX',
      `the sandbox of the workers cannot be set up here (${(error as Error).message}): give the ` +
        'container CAP_SYS_ADMIN, or set workers.sandbox = false',
    );
  }
}

/**
 * Asks the kernel whether each port is free, also of other servers that would share it. Those that
 * were opened for us are taken, by us.
 */
export function requireFreePorts(
  { listen, metrics }: Config,
  { probePort }: Pick<System, 'probePort'>,
  passed: PassedSockets,
): void {
  for (const { address, port } of metrics.listen ?? []) {
    try {
      probePort(address, port, 'tcp');
    } catch (error) {
      throw portError(error, 'tcp', address, port, 'metrics.listen');
    }
  }
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const { address, port } of listen[protocol]) {
      if (passed.find(protocol, address, port) !== undefined) continue;
      try {
        probePort(address, port, protocol);
      } catch (error) {
        throw portError(error, protocol, address, port);
      }
    }
  }
}

/** Makes the state folder, for root's eyes only, and the folder for this run's sockets. */
export function makeFolders({ state }: Config): void {
  makeFolder(state.dir, 0o700, 'state.dir');
  makeFolder(state.runtime_dir, 0o755, 'state.runtime_dir');
}

/**
 * Sentences about addresses of this machine that lie in a pool: packets to them would go into the
 * tunnel. `interfaces`: as os.networkInterfaces() gives them.
 */
export function findPoolClashes(
  config: Config,
  interfaces: NodeJS.Dict<os.NetworkInterfaceInfo[]> = os.networkInterfaces(),
): string[] {
  const pools = poolsOf(config);
  return Object.entries(interfaces).flatMap(([device, addresses = []]) =>
    addresses.flatMap(({ address }) => {
      const pool = poolOf(address, pools);
      return pool === undefined || device === config.network.device
        ? []
        : [
            `the address ${address} of ${device} lies in the pool ${formatCidr(pool)}: choose ` +
              'another network.ipv4 or network.ipv6, or its neighbours will not be reached',
          ];
    }),
  );
}

/** The words for a port that cannot be opened. */
export function portError(
  error: unknown,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  key = `listen.${protocol}`,
): WolfguardError {
  const { code, message } = error as NodeJS.ErrnoException;
  const where = `${protocol.toUpperCase()} port ${port} on ${address.includes(':') ? `[${address}]` : address}`;
  switch (code) {
    case 'EADDRINUSE':
      return new WolfguardError(
        'PORT_TAKEN',
        `${where} is taken by another program: stop it (ss -lntup shows which), or choose another port in ${key}`,
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new WolfguardError(
        'NO_SUCH_ADDRESS',
        `${where} cannot be opened, this machine has no such address: check ${key}`,
      );
    case 'EACCES':
    case 'EPERM':
      return new WolfguardError(
        'PORT_FORBIDDEN',
        `${where} may not be opened: start wolfguard as root`,
      );
    case undefined:
    default:
      return new WolfguardError(
        'PORT_FAILED',
        `${where} cannot be opened (${message}): check ${key}`,
      );
  }
}

function makeFolder(folder: string, mode: number, key: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new WolfguardError(
      'FOLDER',
      `cannot write to the folder ${folder} (${(error as Error).message}): check ${key}`,
    );
  }
}

function poolOf(address: string, pools: readonly Cidr[]): Cidr | undefined {
  const ip = parseIp(address);
  return ip === undefined ? undefined : pools.find((pool) => contains(pool, ip));
}
