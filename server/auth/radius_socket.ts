// A UDP socket to one RADIUS server and the requests that wait on it. The identifier of a request is
// one byte: 256 wait on a socket at most. The socket is connected, so that the kernel hands over
// only what comes from that server; an ICMP error says nothing, since a server may be restarting.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

export interface Waiting {
  /** Everything that comes in with the request's identifier, until `release`. */
  readonly onReply: (bytes: Uint8Array) => void;
}

const IDENTIFIERS = 256;

export class RadiusSocket {
  readonly #socket: Socket;
  readonly #ready: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #next: number;
  #connected = false;
  #broken = false;
  #closed = false;

  /** `address`: no name. `firstIdentifier`: any. */
  constructor(
    { address, port }: { readonly address: string; readonly port: number },
    firstIdentifier: number,
  ) {
    this.#next = firstIdentifier % IDENTIFIERS;
    this.#socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    // Never what keeps a process alive: whoever waits for a reply has a timer.
    this.#socket.unref();
    // Of a server that is not there, the silence is what counts.
    this.#socket.on('error', () => {
      this.#broken ||= !this.#connected;
    });
    this.#socket.on('message', (bytes) => {
      this.#waiting.get(bytes[1] ?? -1)?.onReply(bytes);
    });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#socket.once('connect', () => {
      this.#connected = true;
      resolve(undefined);
    });
    this.#socket.connect(port, address);
    this.#ready = promise;
  }

  /** There was no way to the server when the socket was made. */
  get isBroken(): boolean {
    return this.#broken;
  }

  get isFull(): boolean {
    return this.#waiting.size >= IDENTIFIERS;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** Takes an identifier; not to be called on a full socket. */
  acquire(waiting: Waiting): number {
    // One after the other, so that a late reply to an old request meets a new one as late as possible.
    while (this.#waiting.has(this.#next)) this.#next = (this.#next + 1) % IDENTIFIERS;
    const identifier = this.#next;
    this.#next = (this.#next + 1) % IDENTIFIERS;
    this.#waiting.set(identifier, waiting);
    return identifier;
  }

  release(identifier: number): void {
    this.#waiting.delete(identifier);
  }

  /** A packet that cannot be sent is a packet that is lost. */
  send(bytes: Uint8Array): void {
    void this.#ready.then(() => {
      if (!this.#closed) this.#socket.send(bytes, () => undefined);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
