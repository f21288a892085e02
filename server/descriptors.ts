// How many tunnels the limit on open descriptors lets the workers hold: each is one TCP connection.
// Node has raised the soft limit to the hard one when we get here, and children inherit both; the
// hard limit is the operator's (LimitNOFILE of systemd, ulimit -Hn of a shell).
import { readFileSync } from 'node:fs';

export interface DescriptorNeeds {
  readonly workers: number;
  /** Sessions of all workers together; 0 = no limit. */
  readonly maxClients: number;
}

/** What a worker opens besides: sockets, pipes, and two more for each login under way. */
const OTHER_DESCRIPTORS = 1000;
/** The kernel deals connections out by a hash: the fullest worker has some more than its share. */
const UNEVEN = 1.1;

/** Tunnels that all workers together have room for. */
export function tunnelRoom(limit: number, { workers }: Pick<DescriptorNeeds, 'workers'>): number {
  return Math.max(0, Math.floor(((limit - OTHER_DESCRIPTORS) * workers) / UNEVEN));
}

/** A sentence that says what to do when max_clients promises more than that; else undefined. */
export function descriptorShortage(limit: number, needs: DescriptorNeeds): string | undefined {
  const { workers, maxClients } = needs;
  const room = tunnelRoom(limit, needs);
  if (maxClients <= room) return undefined;
  const wanted = Math.ceil((maxClients * UNEVEN) / workers) + OTHER_DESCRIPTORS;
  return (
    `a process may have ${limit} descriptors, which is room for ${room} clients on ${workers} ` +
    `worker(s), and limits.max_clients is ${maxClients}: raise the limit to ${wanted} (LimitNOFILE ` +
    'of the systemd unit, or ulimit -Hn), or workers.count, or lower limits.max_clients'
  );
}

/** Of this process. Infinity where the kernel sets none or does not tell. */
export function descriptorLimit(limits = readQuietly('/proc/self/limits')): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
