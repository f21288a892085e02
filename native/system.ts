// The primary's half of the native addon: what needs root and a system call that Node lacks.
// Every function throws an Error with `code` ('EADDRINUSE', 'EPERM' …) and `syscall`.
import { loadAddon } from './addon.ts';

export interface System {
  /**
   * Opens a multi-queue TUN device (IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE), one non-blocking
   * close-on-exec descriptor a queue. The device lives as long as one of them is open.
   */
  openTun(name: string, queues: number): number[];
  /** Link up, MTU, txqueuelen and addresses of a device, by rtnetlink. */
  configureLink(options: {
    readonly name: string;
    readonly mtu: number;
    readonly txQueueLength: number;
    /** Bytes (4 or 16) and prefix length: the server's own address in each pool. */
    readonly addresses: readonly { readonly address: Uint8Array; readonly prefix: number }[];
  }): void;
  /** Listening TCP socket, SO_REUSEADDR + SO_REUSEPORT, non-blocking; '::' is dual-stack. */
  listenTcp(address: string, port: number): number;
  /** Bound UDP socket with the same options; packet info on; DF set; buffers of that many bytes. */
  bindUdp(address: string, port: number, bufferBytes: number): number;
  /** [receiving end, sending end] of an AF_UNIX datagram pair with room for a burst. */
  openMailbox(): [number, number];
  /** Creates the shared table inside address → worker in a memfd. */
  createOwners(capacity: number): number;
  /** worker = -1: nobody. `owners` is the descriptor of createOwners; `address` 4 or 16 bytes. */
  setOwner(owners: number, address: Uint8Array, worker: number): void;
  getOwner(owners: number, address: Uint8Array): number;
  closeFd(fd: number): void;
  /** uid, gid, pid of the other end of a Unix socket (SO_PEERCRED). */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
  /** SIGKILL for this process when its parent dies; throws when the parent is already another. */
  dieWithParent(parentPid: number): void;
  /** no_new_privs, empty capability sets on all threads, then the seccomp filter on all threads. */
  enterSandbox(profile: 'worker'): void;
}

export const system = (): System => loadAddon() as unknown as System;
