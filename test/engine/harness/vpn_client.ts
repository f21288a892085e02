// The client's side of the TLS channel: node:tls, CONNECT, CSTP frames.
import net from 'node:net';
import tls from 'node:tls';
import { frame, parseFrames, type Frame } from './cstp.ts';
import type { EngineRig, TunnelWishes } from './engine_rig.ts';
import { until } from './until.ts';

export interface VpnClientOptions {
  readonly tlsVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Sent in one write with the CONNECT request. */
  readonly early?: Uint8Array;
  readonly localAddress?: string;
}

export class VpnClient {
  readonly socket: tls.TLSSocket;
  /** Frames that have come since the answer to CONNECT. */
  readonly frames: Frame[] = [];
  readonly rig: EngineRig;
  tunnel = 0;
  appId: Buffer = Buffer.alloc(0);
  /** The server has closed its side. */
  ended = false;
  error: Error | undefined;
  readonly #tcp: net.Socket;
  #answer = '';
  #rest: Buffer = Buffer.alloc(0);
  #connected = false;

  /** Connects and logs in as TLS goes; no request is sent. */
  static async dial(rig: EngineRig, options: VpnClientOptions = {}): Promise<VpnClient> {
    const version = options.tlsVersion ?? 'TLSv1.3';
    const tcp = net.connect({
      host: '127.0.0.1',
      port: rig.port,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    });
    const socket = tls.connect({
      socket: tcp,
      servername: 'localhost',
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
    return new VpnClient(rig, socket, tcp);
  }

  /** Opens a tunnel. */
  static async connect(
    rig: EngineRig,
    wishes: TunnelWishes = {},
    options: VpnClientOptions = {},
  ): Promise<VpnClient> {
    const client = await VpnClient.dial(rig, options);
    await client.openTunnel(wishes, options.early);
    return client;
  }

  private constructor(rig: EngineRig, socket: tls.TLSSocket, tcp: net.Socket) {
    this.rig = rig;
    this.socket = socket;
    this.#tcp = tcp;
    tcp.on('error', () => undefined);
    socket.on('data', (data: Buffer) => this.#take(data));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.ended = true));
    socket.on('error', (error) => (this.error = error));
  }

  /** Sends CONNECT, with `early` behind it, and waits for the whole answer. */
  async openTunnel(wishes: TunnelWishes, early: Uint8Array = Buffer.alloc(0)): Promise<void> {
    this.socket.write(Buffer.concat([connectRequest(wishes), early]));
    await until('the answer to CONNECT', () => this.#connected);
  }

  /** Everything before the first frame. */
  get answer(): string {
    return this.#answer;
  }

  /** The secret of this connection that a DTLS handshake uses [oc 8.2]. */
  get dtlsSecret(): Buffer {
    // Without a context, which by TLS 1.2 is not the same as an empty one; its type insists on one.
    const exporter = this.socket as unknown as {
      exportKeyingMaterial(length: number, label: string): Buffer;
    };
    return exporter.exportKeyingMaterial(32, 'EXPORTER-openconnect-psk');
  }

  send(type: number, payload: Uint8Array = Buffer.alloc(0)): boolean {
    return this.socket.write(frame(type, payload));
  }

  /** The first frame of that type that has not been taken yet. */
  next(type: number, timeoutMs?: number): Promise<Buffer> {
    return until(
      `a frame of type ${type}`,
      () => {
        const at = this.frames.findIndex((one) => one.type === type);
        return at < 0 ? undefined : this.frames.splice(at, 1)[0]?.payload;
      },
      timeoutMs,
    );
  }

  /** Has the server answered everything sent so far? */
  async echo(body: Uint8Array = Buffer.from('echo')): Promise<Buffer> {
    this.send(3, body);
    return this.next(4);
  }

  /** Ends the TCP connection with a reset. */
  reset(): void {
    this.#tcp.resetAndDestroy();
    this.socket.destroy();
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    if (!this.#connected && !this.#takeAnswer()) return;
    const { frames, rest } = parseFrames(this.#rest);
    this.frames.push(...frames);
    this.#rest = rest;
  }

  #takeAnswer(): boolean {
    const start = this.#rest.indexOf('HTTP/1.1 200 CONNECTED\r\n');
    const end = start < 0 ? -1 : this.#rest.indexOf('\r\n\r\n', start);
    if (end < 0) return false;
    this.#answer = this.#rest.subarray(0, end + 4).toString('latin1');
    this.#rest = this.#rest.subarray(end + 4);
    this.tunnel = Number(/X-Test-Tunnel: (\d+)/.exec(this.#answer)?.[1]);
    this.appId = Buffer.from(/X-Test-App-Id: (\w*)/.exec(this.#answer)?.[1] ?? '', 'hex');
    this.#connected = true;
    return true;
  }
}

export const connectRequest = (wishes: TunnelWishes): Buffer =>
  Buffer.from(
    `CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: localhost\r\nX-Test-Wishes: ${JSON.stringify(wishes)}\r\n\r\n`,
  );
