// The client's side of the DTLS channel: OpenSSL's client over a real UDP socket.
import dgram from 'node:dgram';
import { testAddon, type DtlsClient } from './test_addon.ts';
import { until } from './until.ts';
import type { VpnClient } from './vpn_client.ts';

/** Longer than the DTLS client's own timer (25 ms), so that each call finds it expired. */
const RETRANSMIT_MS = 30;

export interface UdpChannelOptions {
  readonly port?: number;
  readonly secret?: Uint8Array;
  readonly ciphers?: string;
}

export class UdpChannel {
  readonly received: Buffer[] = [];
  readonly dtls: DtlsClient;
  #socket: dgram.Socket;
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;
  /** Datagrams of the server are thrown away: a firewall has begun to drop UDP. */
  deaf = false;

  /** Connects the DTLS channel of that client's tunnel. */
  static async connect(client: VpnClient, options: UdpChannelOptions = {}): Promise<UdpChannel> {
    const channel = new UdpChannel(client, options);
    await until('DTLS to come up', () => channel.dtls.state() === 'up');
    return channel;
  }

  constructor(client: VpnClient, options: UdpChannelOptions = {}) {
    this.#port = options.port ?? client.rig.port;
    const secret = options.secret ?? client.dtlsSecret;
    this.dtls = testAddon.createDtlsClient(client.appId, secret, options.ciphers ?? '');
    this.#socket = this.#open();
    this.#timer = setInterval(() => {
      if (this.dtls.state() === 'handshake') this.dtls.timeOut();
      this.flush();
    }, RETRANSMIT_MS);
    this.flush();
  }

  send(type: number, body: Uint8Array = Buffer.alloc(0)): void {
    this.dtls.send(Buffer.concat([Buffer.of(type), body]));
    this.flush();
  }

  /** The body of the first text of that type that has not been taken yet. */
  next(type: number, timeoutMs?: number): Promise<Buffer> {
    return until(
      `a DTLS text of type ${type}`,
      () => {
        const at = this.received.findIndex((text) => text[0] === type);
        return at < 0 ? undefined : this.received.splice(at, 1)[0]?.subarray(1);
      },
      timeoutMs,
    );
  }

  async echo(body: Uint8Array = Buffer.from('echo')): Promise<Buffer> {
    this.send(3, body);
    return this.next(4);
  }

  /** A NAT gives the client another port. */
  move(): void {
    this.#socket.close();
    this.#socket = this.#open();
  }

  /** Sends bytes as they are, from the channel's port. */
  sendRaw(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#port, '127.0.0.1');
  }

  flush(): void {
    for (const datagram of this.dtls.takeOutput()) this.sendRaw(datagram);
  }

  /** Says close_notify. */
  hangUp(): void {
    this.dtls.close();
    this.flush();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #open(): dgram.Socket {
    const socket = dgram.createSocket('udp4');
    socket.on('error', () => undefined);
    socket.on('message', (datagram) => {
      if (this.deaf) return;
      this.dtls.receive(datagram);
      for (let text = this.dtls.read(); text !== undefined; text = this.dtls.read()) {
        this.received.push(text);
      }
      this.flush();
    });
    return socket;
  }
}
