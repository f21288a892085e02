// The inside: the TUN device with a queue for each worker, the server's own addresses, the table of
// which worker owns which address, and the mailboxes through which workers hand on what came to
// the wrong one. The primary keeps every descriptor open, for the successors of dead workers.
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import type { TunOffload } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import { bitsOf, encodeIp } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import { serverAddress } from '../core/net/pool.ts';
import { tunError } from '../native/system.ts';
import type { System, TunDevice } from '../native/system.ts';
import { DeviceRoutes } from './device_routes.ts';
import { poolsOf } from './pools.ts';
import { tunMtu } from './settings.ts';

/** Below 1000 packets, senders of single packets lose them by the thousand. */
const TX_QUEUE_PACKETS = 1000;
/** Addresses in use at once: all of a /16 in both families. More than that takes larger pools. */
const USUAL_OWNERS = 2 ** 17;
/** 100,000 clients with an address of each family, and room for twice as many. */
const MOST_OWNERS = 2 ** 19;

export interface Inside {
  /** By worker number. */
  readonly queues: readonly number[];
  readonly offload: TunOffload;
  readonly mailboxes: readonly { readonly inbox: number; readonly outbox: number }[];
  readonly owners: number;
  /** Addresses that the owners table has room for. */
  readonly capacity: number;
  /**
   * Packets for that network, which may be a single address, go to this worker; -1 = to nobody. One
   * outside of the pools gets a route to the device for as long as it has an owner.
   */
  setOwner(network: Cidr, worker: number): void;
  /** The device goes away with its last descriptor. */
  close(): void;
}

export interface InsideComponents {
  readonly system: System;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Throws WolfguardError; then nothing is left open. */
export function openInside(
  config: Config,
  workers: number,
  { system, logger }: InsideComponents,
): Inside {
  const fds: number[] = [];
  const close = (): void => {
    for (const fd of fds.splice(0)) system.closeFd(fd);
  };
  const keep = (fd: number): number => {
    fds.push(fd);
    return fd;
  };
  try {
    const { queues, offload } = openTun(config, workers, system);
    queues.forEach(keep);
    configureLink(config, system);
    const capacity = ownersCapacity(config);
    const owners = keep(system.createOwners(capacity));
    const routes = new DeviceRoutes({ system, logger }, config.network.device, poolsOf(config));
    const mailboxes = Array.from({ length: workers }, () => {
      const [inbox, outbox] = system.openMailbox();
      return { inbox: keep(inbox), outbox: keep(outbox) };
    });
    return {
      queues,
      offload,
      mailboxes,
      owners,
      capacity,
      setOwner: (network, worker) => {
        const { address, prefix } = network;
        const hostBits = bitsOf(address.family) - prefix;
        system.setOwner(owners, encodeIp(address), worker, hostBits);
        routes.set(network, worker !== -1);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function openTun(config: Config, workers: number, system: System): TunDevice {
  const { device } = config.network;
  const offload = config.engine.tun_offload;
  try {
    return system.openTun(device, workers, offload);
  } catch (error) {
    if (offload && (error as { syscall?: string }).syscall === 'TUNSETOFFLOAD') {
      const engine = { ...config.engine, tun_offload: false };
      return openTun({ ...config, engine }, workers, system);
    }
    throw tunError(error, device);
  }
}

function configureLink(config: Config, system: System): void {
  const { device } = config.network;
  try {
    system.configureLink({
      name: device,
      mtu: tunMtu(config),
      txQueueLength: TX_QUEUE_PACKETS,
      addresses: poolsOf(config).map((pool) => ({
        address: encodeIp(serverAddress(pool)),
        prefix: pool.prefix,
      })),
    });
  } catch (error) {
    throw new WolfguardError(
      'LINK',
      `cannot give ${device} its addresses (${(error as Error).message}): check network.ipv4 and ` +
        'network.ipv6, and whether this machine has IPv6 switched off',
    );
  }
}

/** As many addresses and networks as can be leased, within reason: an IPv6 pool never runs out. */
function ownersCapacity(config: Config): number {
  const leasable = poolsOf(config).reduce(
    (sum, { address, prefix }) => sum + 2 ** Math.min(bitsOf(address.family) - prefix, 20),
    0,
  );
  return leasable <= USUAL_OWNERS ? USUAL_OWNERS : Math.min(leasable, MOST_OWNERS);
}
