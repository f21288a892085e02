// Who has the ports of the configuration, by trying them and by /proc.
import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../../config/schema.ts';
import type { AdminStatus } from '../../../core/ipc/admin.ts';
import { system } from '../../../native/system.ts';
import { portError } from '../../../server/preflight.ts';
import type { Holder, PortFacts, ServerFacts } from '../judge_server.ts';
import { parseSockets } from '../proc_net.ts';
import { readQuietly } from './programs.ts';

/** Every address of `listen`; those of the server that runs are its own. */
export function probePorts({ listen }: Config, status: ServerFacts['status']): PortFacts[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    listen[protocol].map(({ address, port }) => ({
      protocol,
      address,
      port,
      state: probePort(protocol, address, port, status),
    })),
  );
}

function probePort(
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  status: ServerFacts['status'],
): PortFacts['state'] {
  try {
    system().probePort(address, port, protocol);
    return { kind: 'free' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const mayNot = code === 'EACCES' || code === 'EPERM';
    if (code !== 'EADDRINUSE' && !mayNot) {
      return { kind: 'failed', sentence: portError(error, protocol, address, port).message };
    }
    const inodes = socketsAt(protocol, address, port);
    if (mayNot && inodes.size === 0) return { kind: 'seems-free' };
    const holders = findHolders(inodes);
    return isOurs(holders, status) ? { kind: 'ours' } : { kind: 'taken', holders };
  }
}

/** Who may not ask the server may not see whose sockets these are either. */
function isOurs(holders: readonly Holder[], status: AdminStatus | 'forbidden' | null): boolean {
  if (status === null) return false;
  if (status === 'forbidden') return holders.length === 0;
  const ours = [status.pid, status.authPid, ...status.workerPids];
  return holders.length > 0 && holders.every(({ pid }) => ours.includes(pid));
}

const ANY = ['0.0.0.0', '::'];

/** The inodes of the sockets that are in the way. */
function socketsAt(protocol: 'tcp' | 'udp', address: string, port: number): Set<string> {
  const sockets = ['', '6'].flatMap((suffix) =>
    parseSockets(readQuietly(`/proc/net/${protocol}${suffix}`)),
  );
  return new Set(
    sockets
      .filter((socket) => socket.port === port)
      .filter(
        (socket) =>
          socket.address === address || ANY.includes(socket.address) || ANY.includes(address),
      )
      .map(({ inode }) => inode),
  );
}

/** The processes that hold these sockets, as far as this user may see. */
function findHolders(inodes: ReadonlySet<string>): Holder[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .filter((pid) =>
      descriptorsOf(pid).some((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')),
    )
    .map((pid) => ({ pid: Number(pid), name: nameOf(pid) }));
}

function descriptorsOf(pid: string): string[] {
  const folder = path.join('/proc', pid, 'fd');
  try {
    return readdirSync(folder).map((fd) => linkOf(path.join(folder, fd)));
  } catch {
    return [];
  }
}

/** A descriptor may be closed while we look. */
function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

/** The name of a thread is no name of a program; what stands first in the command line is. */
function nameOf(pid: string): string {
  const [program = ''] = readQuietly(`/proc/${pid}/cmdline`).split('\0');
  return program === '' ? readQuietly(`/proc/${pid}/comm`).trim() : path.basename(program);
}
