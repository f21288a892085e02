// A real engine on loopback sockets and a fake TUN queue, with a JavaScript side as in worker/: a
// node:http server reads the plaintext streams, CONNECT becomes a tunnel whose parameters the test's
// client has named in a header. Nothing here needs root.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import type { Socket } from 'node:net';
import {
  createEngine,
  type ConnectionInfo,
  type Engine,
  type EngineEvent,
  type EngineOptions,
  type TunnelParams,
} from '../../../native/engine.ts';
import type { TunOffload } from '../../../core/ipc/messages.ts';
import { system } from '../../../native/system.ts';
import { Attempt } from '../../../worker/attempt.ts';
import { testTls } from './certificate.ts';
import { testAddon } from './test_addon.ts';
import { until } from './until.ts';

type EventOf<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>;

/** What a test's client wants its tunnel to be; numbers as in TunnelParams, bytes as arrays. */
export interface TunnelWishes {
  readonly inside4?: readonly number[];
  readonly inside6?: readonly number[];
  readonly inside6Prefix?: number;
  readonly mtu?: number;
  readonly dtls?: boolean;
  readonly masterSecret?: readonly number[];
  /** AES256-GCM-SHA384 if left out. */
  readonly dtlsSuite?: number;
  readonly dpdMs?: number;
  readonly keepaliveMs?: number;
  readonly idleTimeoutMs?: number;
  readonly switchToTcpMs?: number;
  readonly acl?: number;
  readonly isolated?: boolean;
  readonly rxLimit?: number;
  readonly txLimit?: number;
  /** 17 bytes each. */
  readonly networks?: readonly number[];
  readonly dscp?: number;
  readonly denyRoaming?: boolean;
  readonly rekeyMs?: number;
  readonly keyUpdateMs?: number;
}

export interface RigOptions extends Partial<
  Pick<
    EngineOptions,
    | 'worker'
    | 'workers'
    | 'handshakeTimeoutMs'
    | 'handshakesPerSource'
    | 'pendingPerSource'
    | 'maxPendingConnections'
    | 'proxy'
  >
> {
  readonly port?: number;
  readonly tunOffload?: TunOffload;
  /** The kernel refuses UDP_SEGMENT, as a device without checksums of its own may make it. */
  readonly udpGsoRefused?: boolean;
  /** A socket that knows nothing of UDP_GRO (nor of any client). */
  readonly udpGroRefused?: boolean;
  /** Shared by several workers; else the rig makes its own. */
  readonly owners?: number;
  readonly inbox?: number;
  readonly outboxes?: readonly number[];
  /** Plain requests; CONNECT is the rig's. */
  readonly onRequest?: http.RequestListener;
  /** Takes connections away from the http server altogether. */
  readonly onConnection?: (socket: Socket, info: ConnectionInfo) => void;
  /** Called between 'held' and openTunnel. */
  readonly beforeOpen?: (socket: Socket, info: ConnectionInfo) => void;
}

const native = system();
const UDP_BUFFER_BYTES = 1 << 20;

export class EngineRig {
  readonly engine: Engine;
  readonly port: number;
  readonly worker: number;
  readonly events: EngineEvent[] = [];
  readonly #options: RigOptions;
  readonly #fds: number[] = [];
  readonly #tun: number;
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();
  readonly #infos = new Map<Socket, ConnectionInfo>();
  readonly #attempts = new Map<number, Attempt>();
  #closed = false;

  /** Starts one that accepts connections. */
  static async start(options: RigOptions = {}): Promise<EngineRig> {
    const rig = await EngineRig.create(options);
    rig.engine.start();
    return rig;
  }

  /** One that has all it needs and has not started. */
  static async create(options: RigOptions = {}): Promise<EngineRig> {
    const rig = new EngineRig(options, options.port ?? (await freePort()));
    rig.engine.setTls([await testTls()]);
    return rig;
  }

  private constructor(options: RigOptions, port: number) {
    this.#options = options;
    this.port = port;
    this.worker = options.worker ?? 0;
    const [engineTun, testTun] = testAddon.openFakeTun();
    this.#tun = testTun;
    const own = (fd: number): number => {
      this.#fds.push(fd);
      return fd;
    };
    own(testTun);
    const udp = own(native.bindUdp('127.0.0.1', port, UDP_BUFFER_BYTES));
    const [mailbox, otherEnd] = native.openMailbox();
    own(mailbox);
    own(otherEnd);
    if (options.udpGsoRefused === true) testAddon.refuseSegmentation(udp);
    this.engine = createEngine(
      {
        worker: this.worker,
        workers: options.workers ?? 1,
        handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
        handshakesPerSource: options.handshakesPerSource ?? 64,
        pendingPerSource: options.pendingPerSource ?? 256,
        maxPendingConnections: options.maxPendingConnections ?? 1024,
        proxy: options.proxy ?? { mode: 'off', trusted: [] },
        offloads: { tun: options.tunOffload ?? 'none', udpGso: true, udpGro: true },
        fds: {
          tun: own(engineTun),
          tcp: [own(native.listenTcp('127.0.0.1', port))],
          udp: [options.udpGroRefused === true ? mailbox : udp],
          inbox: options.inbox ?? -1,
          outboxes: options.outboxes ?? [-1],
          owners: options.owners ?? own(native.createOwners(64)),
        },
      },
      (event) => this.#onEvent(event),
    );
    this.#server = http.createServer({ keepAliveTimeout: 0 }, options.onRequest);
    this.#server.on('connect', (request: http.IncomingMessage, socket: Socket, head: Buffer) => {
      void this.#open(request, socket, head);
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Stops the engine and closes everything; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.engine.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const fd of this.#fds) native.closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  eventsOf<T extends EngineEvent['type']>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  /** The end of that tunnel. */
  tunnelEnd(tunnel: number, timeoutMs?: number): Promise<EventOf<'tunnel-closed'>> {
    return until(
      `the end of tunnel ${tunnel}`,
      () => this.eventsOf('tunnel-closed').find((event) => event.tunnel === tunnel),
      timeoutMs,
    );
  }

  /** The kernel hands the engine a packet; false when its queue is full. */
  writeTun(packet: Uint8Array): boolean {
    return testAddon.writeDatagram(this.#tun, packet);
  }

  /** All that the engine has written to the device since the last time. */
  readTun(): Buffer[] {
    const packets: Buffer[] = [];
    for (
      let one = testAddon.readDatagram(this.#tun);
      one;
      one = testAddon.readDatagram(this.#tun)
    ) {
      packets.push(one);
    }
    return packets;
  }

  /** Waits until that many packets have been written to the device. */
  async packetsInside(count: number): Promise<Buffer[]> {
    const packets: Buffer[] = [];
    await until(`${count} packets inside`, () => {
      packets.push(...this.readTun());
      return packets.length >= count;
    });
    return packets;
  }

  #onEvent(event: EngineEvent): void {
    this.events.push(event);
    if (event.type === 'connection') {
      this.#accept(event);
    } else if (event.type === 'held') {
      this.#attempts.get(event.connection)?.held(event.passedBytes);
    } else if (event.type === 'tunnel-opened') {
      this.#attempts.get(event.tunnel)?.end();
    } else if (event.type === 'connection-closed') {
      this.#attempts.get(event.connection)?.end();
    }
  }

  #accept(info: ConnectionInfo): void {
    const socket = new net.Socket({
      fd: info.fd,
      readable: true,
      writable: true,
      allowHalfOpen: true,
    });
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#infos.set(socket, info);
    if (this.#options.onConnection !== undefined) this.#options.onConnection(socket, info);
    else this.#server.emit('connection', socket);
  }

  async #open(request: http.IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const info = this.#infos.get(socket);
    if (info === undefined) throw new Error('CONNECT on a socket that is not ours');
    const { connection } = info;
    const attempt = new Attempt(socket, head);
    this.#attempts.set(connection, attempt);
    const wishes = JSON.parse(String(request.headers['x-test-wishes'])) as TunnelWishes;
    this.engine.hold(connection);
    const early = await attempt.drain();
    if (early === 'gone') return;
    attempt.handOver();
    this.#options.beforeOpen?.(socket, info);
    this.engine.openTunnel(this.#params(connection, wishes, early));
  }

  #params(connection: number, wishes: TunnelWishes, early: Uint8Array): TunnelParams {
    const appId = wishes.dtls === true ? randomBytes(32) : Buffer.alloc(0);
    if (appId.length > 0) appId[0] = this.worker;
    const lines = [
      'HTTP/1.1 200 CONNECTED',
      `X-Test-Tunnel: ${connection}`,
      `X-Test-App-Id: ${appId.toString('hex')}`,
    ];
    return {
      connection,
      answer: `${lines.join('\r\n')}\r\n\r\n`,
      early,
      inside4: Uint8Array.from(wishes.inside4 ?? []),
      inside6: Uint8Array.from(wishes.inside6 ?? []),
      inside6Prefix: wishes.inside6Prefix ?? 128,
      mtu: wishes.mtu ?? 1400,
      appId,
      masterSecret: Uint8Array.from(wishes.masterSecret ?? []),
      dtlsSuite: wishes.dtlsSuite ?? 0x9d,
      dpdMs: wishes.dpdMs ?? 0,
      keepaliveMs: wishes.keepaliveMs ?? 0,
      idleTimeoutMs: wishes.idleTimeoutMs ?? 0,
      switchToTcpMs: wishes.switchToTcpMs ?? 0,
      acl: wishes.acl ?? 0,
      isolated: wishes.isolated ?? false,
      rxLimit: wishes.rxLimit ?? 0,
      txLimit: wishes.txLimit ?? 0,
      networks: Uint8Array.from(wishes.networks ?? []),
      tlsCompression: '',
      dtlsCompression: '',
      dscp: wishes.dscp ?? 0,
      denyRoaming: wishes.denyRoaming ?? false,
      rekeyMs: wishes.rekeyMs ?? 0,
      keyUpdateMs: wishes.keyUpdateMs ?? 0,
    };
  }
}

/** Free for TCP; nobody on this machine is likely to have its UDP twin. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
