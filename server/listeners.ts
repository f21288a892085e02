// The sockets that clients reach. Each worker has one of its own for every address (SO_REUSEPORT);
// of those that a service manager has opened, the first worker has one and the others open theirs.
// The primary keeps them open: a worker that replaces a dead one inherits the very same sockets,
// and the connections that meanwhile came in wait in them.
import type { Config } from '../config/schema.ts';
import type { System } from '../native/system.ts';
import type { PassedSockets } from './passed_sockets.ts';
import { portError } from './preflight.ts';
import { UDP_BUFFER_BYTES } from './socket_buffers.ts';

export interface WorkerSockets {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

export interface Listeners {
  /** By worker number. */
  readonly workers: readonly WorkerSockets[];
  close(): void;
}

/** Throws WolfguardError; then none is left open. */
export function openListeners(
  { listen }: Config,
  workers: number,
  system: Pick<System, 'listenTcp' | 'bindUdp' | 'adoptTcp' | 'adoptUdp' | 'closeFd'>,
  passed: PassedSockets,
): Listeners {
  const fds: number[] = [];
  const close = (): void => {
    for (const fd of fds.splice(0)) system.closeFd(fd);
  };
  const adopt = (protocol: 'tcp' | 'udp', fd: number): number => {
    if (protocol === 'tcp') system.adoptTcp(fd);
    else system.adoptUdp(fd, UDP_BUFFER_BYTES);
    return fd;
  };
  const open = (protocol: 'tcp' | 'udp', worker: number): number[] =>
    listen[protocol].map(({ address, port }) => {
      try {
        const ready = worker === 0 ? passed.find(protocol, address, port) : undefined;
        const fd =
          ready !== undefined
            ? adopt(protocol, ready)
            : protocol === 'tcp'
              ? system.listenTcp(address, port)
              : system.bindUdp(address, port, UDP_BUFFER_BYTES);
        fds.push(fd);
        return fd;
      } catch (error) {
        throw portError(error, protocol, address, port);
      }
    });
  try {
    const sockets = Array.from({ length: workers }, (_, worker) => ({
      tcp: open('tcp', worker),
      udp: open('udp', worker),
    }));
    return { workers: sockets, close };
  } catch (error) {
    close();
    throw error;
  }
}
