// The primary's half of the native addon: what needs root and a system call that Node lacks.
// Every function throws an Error with `code` ('EADDRINUSE', 'EPERM' …) and `syscall`.
import { WolfguardError } from '../core/error.ts';
import type { TunOffload } from '../core/ipc/messages.ts';
import { loadAddon } from './addon.ts';

export interface TunDevice {
  readonly queues: readonly number[];
  readonly offload: TunOffload;
}

/** An address with its network, or a network: 4 or 16 bytes, and the length of the prefix. */
export interface LinkAddress {
  readonly address: Uint8Array;
  readonly prefix: number;
}

/** A socket that somebody else has opened; 'unix': a stream. */
export interface SocketFacts {
  readonly kind: 'tcp' | 'udp' | 'unix' | 'other';
  /** A numeric address, or the path of a Unix socket ('@' in front of an abstract name). */
  readonly address: string;
  readonly port: number;
  /** An IPv6 socket that takes IPv4 too. */
  readonly dualStack: boolean;
}

export interface System {
  /**
   * Opens a multi-queue TUN device (IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE), one non-blocking
   * close-on-exec descriptor a queue. The device lives as long as one of them is open. EBUSY: there
   * is one of that name already. `tunError` gives words to what this throws. With offload each
   * packet bears a virtio header, and what the kernel has comes in super-packets; an error whose
   * syscall is TUNSETOFFLOAD means that this kernel has none at all.
   */
  openTun(name: string, queues: number, offload: boolean): TunDevice;
  /** Link up, MTU, txqueuelen and addresses of a device, by rtnetlink. */
  configureLink(options: {
    readonly name: string;
    readonly mtu: number;
    readonly txQueueLength: number;
    /** The server's own address in each pool. */
    readonly addresses: readonly LinkAddress[];
  }): void;
  /**
   * Routes a network to the device, or no longer. EEXIST: somebody has made a route for it; ESRCH:
   * there is none to take back.
   */
  changeRoute(device: string, network: LinkAddress, present: boolean): void;
  /** Listening TCP socket, SO_REUSEADDR + SO_REUSEPORT, non-blocking; '::' is dual-stack. */
  listenTcp(address: string, port: number): number;
  /** Bound UDP socket with SO_REUSEPORT; packet info on; DF set; buffers of that many bytes. */
  bindUdp(address: string, port: number, bufferBytes: number): number;
  /** What a descriptor is that this process was started with. Throws ENOTSOCK or EBADF. */
  describeSocket(fd: number): SocketFacts;
  /**
   * Makes a passed socket like one of listenTcp: it listens, and further ones may share its port
   * if its owner is our user.
   */
  adoptTcp(fd: number): void;
  /** Makes a passed socket like one of bindUdp. */
  adoptUdp(fd: number, bufferBytes: number): void;
  /**
   * Throws EADDRINUSE when anybody has the port, also a second server of the same user, with whom
   * SO_REUSEPORT would share it. To be called before the first listenTcp or bindUdp.
   */
  probePort(address: string, port: number, protocol: 'tcp' | 'udp'): void;
  /**
   * Asks for socket buffers of that many bytes each way, beyond net.core.rmem_max and wmem_max
   * where we may; returns what the smaller one really holds.
   */
  growBuffers(fd: number, bytes: number): number;
  /** [receiving end, sending end] of an AF_UNIX datagram pair with room for a burst. */
  openMailbox(): [number, number];
  /**
   * Creates the shared table inside address or network → worker in a memfd that only this process
   * can write. `capacity`: addresses and networks with an owner at the same time.
   */
  createOwners(capacity: number): number;
  /**
   * worker = -1: nobody. `owners` is the descriptor of createOwners; `address` 4 or 16 bytes, of
   * whose last bits `hostBits` (0 to 127) are those of hosts. ENOSPC: `capacity` of them have owners.
   */
  setOwner(owners: number, address: Uint8Array, worker: number, hostBits: number): void;
  /** The worker of that address or of its network, -1 for nobody; whoever has the descriptor may ask. */
  getOwner(owners: number, address: Uint8Array): number;
  /**
   * Makes the kernel choose the TUN queue by destination address (eBPF): queue n for worker n. Gives
   * the map to fill, with room for `capacity` addresses. EPERM, ENOSYS, EINVAL: not allowed here, or
   * this kernel has none of it.
   */
  steerInside(tunQueue: number, capacity: number): number;
  /**
   * The same for UDP sockets by where a datagram comes from, and a ClientHello by the worker number
   * in its session id [oc 8.4]. Each group: the sockets of one address, by worker. Fails whole.
   */
  steerOutside(groups: readonly (readonly number[])[], capacity: number): number;
  /** `map` of steerInside; `address` 4 or 16 bytes; worker -1: nobody. E2BIG: the map is full. */
  setInsideWorker(map: number, address: Uint8Array, worker: number): void;
  /** `map` of steerOutside. The later of two workers that claim an endpoint has it. E2BIG: full. */
  setEndpointWorker(map: number, address: Uint8Array, port: number, worker: number): void;
  /** Nothing happens when the endpoint is another worker's by now. */
  clearEndpointWorker(map: number, address: Uint8Array, port: number, worker: number): void;
  /** Forgets all endpoints of a worker. */
  clearWorkerEndpoints(map: number, worker: number): void;
  /** Closes a descriptor that one of these functions made, and frees what belongs to it. */
  closeFd(fd: number): void;
  /** uid, gid, pid of the other end of a Unix socket (SO_PEERCRED). */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
  /**
   * SIGKILL for this process when its parent dies; ESRCH when the parent is already another. The
   * kernel forgets it when user or group change: call it after setuid, before enterSandbox.
   */
  dieWithParent(parentPid: number): void;
  /**
   * No io_uring for this process and all its later children: libuv opens one in every Node, and
   * what goes through a ring goes past seccomp. Before the first fork; needs root.
   */
  denyIoUring(): void;
  /**
   * Programs that this process runs from now on get none of the descriptors that it was started
   * with, above stderr. To be called before the first of them.
   */
  keepDescriptors(): void;
  /**
   * One datagram to somebody's Unix socket, without waiting; '@' in front means an abstract name.
   * 'full': the receiver reads too slowly; 'gone': nobody is there, or nobody who takes it from us.
   * Throws ENAMETOOLONG or EINVAL for what is no path of a socket, EMSGSIZE for more than the
   * kernel passes on as one (about 200 KB).
   */
  sendUnixDatagram(path: string, data: Uint8Array): 'sent' | 'full' | 'gone';
  /**
   * The cage of a worker, for good and on all threads: no_new_privs, no core files, and the seccomp
   * filter: no new files, sockets, processes. Capabilities must be gone already (setgroups, setgid,
   * setuid); ERR_STILL_PRIVILEGED when a thread still has one, ERR_IO_URING when the parent has not
   * called denyIoUring. Files are not found from here on (EACCES): read, import, warm up before.
   */
  enterSandbox(profile: 'worker'): void;
  /**
   * Lets a thread run the moment it wakes up, before all others (SCHED_FIFO). EPERM without
   * CAP_SYS_NICE, ESRCH when there is none.
   */
  makeUrgent(thread: number): void;
  /**
   * Whether UDP_SEGMENT and UDP_GRO work, tried with a train of two datagrams on loopback. Throws
   * where not even one goes.
   */
  probeUdpOffloads(): { readonly segmentation: boolean; readonly receive: boolean };
  /** Whether somebody (NTP) keeps this machine's clock right, as the kernel has been told. */
  isClockSynchronised(): boolean;
  /** The CPU does AES and carry-less multiplication: AES-GCM comes first, else ChaCha20-Poly1305. */
  hasAesHardware(): boolean;
}

export const system = (): System => loadAddon() as unknown as System;

/** What an operator can do about an error that openTun has thrown. */
export function tunError(error: unknown, name: string): WolfguardError {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const advice = TUN_ADVICE[code];
  if (advice !== undefined) return new WolfguardError(advice.code, advice.text(name));
  return new WolfguardError('TUN_FAILED', `cannot make the TUN device ${name}: ${message}`);
}

const MISSING = {
  code: 'TUN_MISSING',
  text: () =>
    'the kernel has no TUN driver or /dev/net/tun is missing: run "modprobe tun"; in a container ' +
    'pass the device in (docker run --device /dev/net/tun --cap-add NET_ADMIN)',
};
const FORBIDDEN = {
  code: 'TUN_FORBIDDEN',
  text: () =>
    'not permitted to make a TUN device: run wolfguard as root (in a container with --cap-add ' +
    'NET_ADMIN and --device /dev/net/tun)',
};

const TUN_ADVICE: Readonly<Partial<Record<string, { code: string; text(name: string): string }>>> =
  {
    ENOENT: MISSING,
    ENODEV: MISSING,
    ENXIO: MISSING,
    EPERM: FORBIDDEN,
    EACCES: FORBIDDEN,
    EBUSY: {
      code: 'TUN_BUSY',
      text: (name) =>
        `there already is a network device ${name}: another wolfguard may be running; stop it, or ` +
        'set another name as network.device',
    },
    EINVAL: {
      code: 'TUN_NAME',
      text: (name) =>
        `"${name}" cannot be a device name: network.device has 1 to 15 letters or digits`,
    },
  };
