// Steering in the kernel: eBPF programs that bring each packet to the worker that owns its tunnel.
// They only save work. What they do not know, or where the kernel refuses them, reaches any worker,
// which forwards it to the owner: nothing here may ever fail a session.
import type { EndpointChange } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import { bitsOf, encodeIp } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import type { System } from '../native/system.ts';
import type { Inside } from './inside.ts';
import type { Listeners } from './listeners.ts';

export interface SteeringComponents {
  readonly inside: Pick<Inside, 'queues' | 'capacity'>;
  readonly listeners: Pick<Listeners, 'workers'>;
  readonly system: SteeringSystem;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

type SteeringSystem = Pick<
  System,
  | 'steerInside'
  | 'steerOutside'
  | 'setInsideWorker'
  | 'setEndpointWorker'
  | 'clearEndpointWorker'
  | 'clearWorkerEndpoints'
  | 'closeFd'
>;

export interface Steering {
  /**
   * Packets for that address go to this worker's TUN queue; -1 = to any. Networks have no entries:
   * what is for them is forwarded where it has to be.
   */
  setInside(network: Cidr, worker: number): void;
  /** What a worker has said about the end points of its clients. */
  setEndpoints(worker: number, changes: readonly EndpointChange[]): void;
  workerGone(worker: number): void;
  /** What the kernel does of it; with one worker there is nothing to do. */
  readonly enabled: { readonly inside: boolean; readonly outside: boolean };
  /** The programs go with the device and the sockets. */
  close(): void;
}

/** Never throws for what the kernel refuses: one line in the log, and workers forward. */
export function openSteering(components: SteeringComponents): Steering {
  const { inside, listeners, system, logger } = components;
  const workers = listeners.workers.length;
  const [queue] = inside.queues;
  if (workers < 2 || queue === undefined) return NO_STEERING;
  const groups = groupsOf(listeners);
  const refusals: string[] = [];
  const attempt = (open: () => number): number | undefined => {
    try {
      return open();
    } catch (error) {
      refusals.push(reasonOf(error));
      return undefined;
    }
  };
  const maps = {
    inside: attempt(() => system.steerInside(queue, inside.capacity)),
    outside:
      groups.length === 0 ? undefined : attempt(() => system.steerOutside(groups, inside.capacity)),
  };
  if (refusals.length === 0) {
    logger.info({ event: 'steering.on' }, 'eBPF steers packets to their workers');
  } else {
    logger.warn(
      { event: 'steering.off', refusals },
      'the kernel does not let us steer packets by eBPF (CAP_BPF and CAP_NET_ADMIN are needed): ' +
        'workers forward what is not their own, which is slower',
    );
  }
  return new MapSteering(maps, components);
}

/** One worker: everything is its own. */
const NO_STEERING: Steering = {
  setInside: () => undefined,
  setEndpoints: () => undefined,
  workerGone: () => undefined,
  enabled: { inside: false, outside: false },
  close: () => undefined,
};

interface Maps {
  readonly inside: number | undefined;
  readonly outside: number | undefined;
}

class MapSteering implements Steering {
  private maps: Maps;
  private readonly system: SteeringSystem;
  private readonly logger: Pick<Logger, 'warn'>;
  private complained = false;

  constructor(maps: Maps, { system, logger }: SteeringComponents) {
    this.maps = maps;
    this.system = system;
    this.logger = logger;
  }

  setInside({ address, prefix }: Cidr, worker: number): void {
    const map = this.maps.inside;
    if (map === undefined || prefix < bitsOf(address.family)) return;
    this.attempt(() => this.system.setInsideWorker(map, encodeIp(address), worker));
  }

  setEndpoints(worker: number, changes: readonly EndpointChange[]): void {
    const map = this.maps.outside;
    if (map === undefined) return;
    for (const { address, port, owned } of changes) {
      this.attempt(() => {
        if (owned) this.system.setEndpointWorker(map, address, port, worker);
        else this.system.clearEndpointWorker(map, address, port, worker);
      });
    }
  }

  workerGone(worker: number): void {
    if (this.maps.outside !== undefined)
      this.system.clearWorkerEndpoints(this.maps.outside, worker);
  }

  get enabled(): Steering['enabled'] {
    return { inside: this.maps.inside !== undefined, outside: this.maps.outside !== undefined };
  }

  close(): void {
    const { inside, outside } = this.maps;
    this.maps = { inside: undefined, outside: undefined };
    for (const map of [inside, outside]) if (map !== undefined) this.system.closeFd(map);
  }

  /** A full map or no memory: an entry less, and that client's packets are forwarded. */
  private attempt(update: () => void): void {
    try {
      update();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (this.complained) return;
      this.complained = true;
      this.logger.warn(
        { event: 'steering.incomplete', reason: reasonOf(error) },
        'some packets are not steered but forwarded',
      );
    }
  }
}

/** The sockets of each listen.udp address, by worker. */
function groupsOf({ workers }: Pick<Listeners, 'workers'>): number[][] {
  const addresses = workers[0]?.udp ?? [];
  return addresses.map((_, index) =>
    workers.flatMap(({ udp }) => {
      const socket = udp[index];
      return socket === undefined ? [] : [socket];
    }),
  );
}

/** An error of a system call, not of our own arguments. */
const isRefusal = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
