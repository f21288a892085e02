// A whole worker on a bench: real node:http and real sockets, with a plain object for the engine
// and another for the primary. Each test connects as a client does behind TLS.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type {
  PrimaryToWorker,
  TunnelGrant,
  WorkerSettings,
  WorkerToPrimary,
} from '../../../core/ipc/messages.ts';
import type { Engine, EngineEvent, EngineOptions, TunnelParams } from '../../../native/engine.ts';
import { HTTP_LIMITS } from '../../../worker/limits.ts';
import type { HttpLimits } from '../../../worker/limits.ts';
import { Worker } from '../../../worker/worker.ts';
import { CERTIFICATE } from './certificate.ts';

export const SETTINGS: WorkerSettings = {
  tls: [
    {
      name: '',
      certificates: [{ chainPem: CERTIFICATE, privateKeyPem: '' }],
      ocspResponse: null,
      clientCaPem: '',
      clientCrlPem: '',
      minVersion: '1.2',
      groups: '',
      ciphers: '',
    },
  ],
  proxy: { mode: 'off', trusted: [] },
  camouflage: { secret: '', realm: '' },
  udp: [{ address: '::', port: 443 }],
  denyRoaming: false,
  dtlsLegacy: true,
  aesHardware: true,
  acceptRate: 0,
  authTimeoutMs: 60_000,
  cookieLifetimeMs: 300_000,
  extraHeaders: { 'X-Frame-Options': 'deny', 'Bad Name': 'x', 'X-Bad': 'a\r\nb' },
  tunMtu: 1500,
  logLevel: 'silent',
};

export const GRANT: TunnelGrant = {
  session: 7,
  user: 'alice',
  group: '',
  inside4: { address: { family: 4, value: 0x0a4d000an }, prefix: 16 },
  inside6: null,
  policy: {
    routes: [],
    no_routes: [],
    enforce_routes: false,
    allow: [],
    deny: [],
    client_to_client: true,
    dns: [],
    nbns: [],
    search_domains: [],
    split_dns: [],
    banner: '',
    mtu: 0,
    address: null,
    address6: null,
    address6_prefix: 0,
    iroutes: [],
    rx_limit: null,
    dscp: null,
    compression: false,
    tx_limit: null,
    quota: null,
    hours: null,
    expires: null,
    tunnel_all_dns: false,
    client_bypass: false,
    keepalive: 18_000_000,
    dpd: 90_000,
    mobile_dpd: 1_800_000,
    idle_timeout: 0,
    mobile_idle_timeout: 0,
    session_timeout: 0,
    rekey: 172_800_000,
    rekey_method: 'new-tunnel',
    switch_to_tcp: 25_000,
    udp: true,
    max_sessions: 0,
    proxy_pac_url: '',
    headers: {},
    user_profile: null,
  },
  sessionEndsAt: null,
  sessionEndsBy: 'session-timeout',
};

/** What the primary answers a question with; undefined = nothing yet. */
export type Answer = (message: WorkerToPrimary) => PrimaryToWorker | undefined;

export interface BenchOptions {
  readonly settings?: Partial<WorkerSettings>;
  readonly limits?: Partial<HttpLimits>;
  readonly answer?: Answer;
}

/** The engine as a list of what it was asked, and a way to let it speak. */
export class FakeEngine implements Engine {
  readonly packetsRaised = true;
  readonly calls: string[] = [];
  readonly opened: TunnelParams[] = [];
  emit: (event: EngineEvent) => void = () => undefined;
  tlsError: Error | undefined;

  checkTls(): void {
    this.calls.push('checkTls');
    if (this.tlsError !== undefined) throw this.tlsError;
  }
  setTls(): void {
    this.calls.push('setTls');
    if (this.tlsError !== undefined) throw this.tlsError;
  }
  setAcceptRate(perSecond: number, workers: number): void {
    this.calls.push(`setAcceptRate ${perSecond} of ${workers}`);
  }

  setBans(add: readonly string[], remove: readonly string[]): void {
    this.calls.push(`setBans +${add.join()} -${remove.join()}`);
  }
  defineAcl(id: number): void {
    this.calls.push(`defineAcl ${id}`);
  }
  forgetAcl(id: number): void {
    this.calls.push(`forgetAcl ${id}`);
  }
  start(): void {
    this.calls.push('start');
  }
  hold(connection: number): void {
    this.calls.push(`hold ${connection}`);
  }
  openTunnel(params: TunnelParams): void {
    this.calls.push(`openTunnel ${params.connection}`);
    this.opened.push(params);
  }
  closeTunnel(tunnel: number, end: string, tellClient: boolean): void {
    this.calls.push(`closeTunnel ${tunnel} ${end} ${tellClient ? 'told' : 'silent'}`);
  }
  readTunnel(tunnel: number): ReturnType<Engine['readTunnel']> {
    return { ...COUNTERS, rxBytes: tunnel, channel: 'dtls', dtlsCipher: 'AES256-GCM', mtu: 1434 };
  }
  totals(): ReturnType<Engine['totals']> {
    return { ...TOTALS, forwardedPackets: 12 };
  }
  measure(): ReturnType<Engine['measure']> {
    return { sums: { forwarded: 12 }, levels: { tunnels: 1 } };
  }
  close(): void {
    this.calls.push('close');
  }
}

const TOTALS = {
  connections: 0,
  tunnels: 0,
  handshakes: 0,
  handshakesFailed: 0,
  handshakesRefused: 0,
  dtlsTunnels: 0,
  droppedPackets: 0,
};

export const COUNTERS = {
  rxBytes: 0,
  rxPackets: 0,
  txBytes: 0,
  txPackets: 0,
  spoofedPackets: 0,
  droppedPackets: 0,
  deniedPackets: 0,
};

export interface Bench {
  readonly worker: Worker;
  readonly engine: FakeEngine;
  /** Everything that the worker has told the primary. */
  readonly told: WorkerToPrimary[];
  readonly exits: number[];
  readonly engineOptions: EngineOptions;
  /** Moves the worker's clock. */
  setNow: (now: number) => void;
  /** A client whose TLS handshake is done; connections count from 1. */
  readonly client: () => Promise<Client>;
}

/** Builds a worker that has started; everything ends with the test. */
export async function bench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const engine = new FakeEngine();
  const sockets = new Map<number, Socket>();
  const told: WorkerToPrimary[] = [];
  const exits: number[] = [];
  let now = 0;
  const asked: EngineOptions[] = [];
  const worker: Worker = new Worker(
    {
      createEngine: (engineOptions, onEvent) => {
        asked.push(engineOptions);
        engine.emit = onEvent;
        return engine;
      },
      openSocket: (fd) => sockets.get(fd) ?? assert.fail(`no descriptor ${fd}`),
      send: (message) => {
        told.push(message);
        const reply = options.answer?.(message);
        if (reply !== undefined && reply.kind !== 'start')
          setImmediate(() => worker.handleMessage(reply));
        return true;
      },
      exit: (code) => void exits.push(code),
      now: () => now,
      randomBytes: (count) => new Uint8Array(count).fill(0xee),
      log: pino({ enabled: false }),
    },
    {
      kind: 'start',
      worker: 3,
      workers: 4,
      settings: { ...SETTINGS, ...options.settings },
      offloads: { tun: 'none', udpGso: false, udpGro: false },
      fds: { tun: -1, tcp: [], udp: [], inbox: -1, outboxes: [], owners: -1 },
      user: null,
      sandbox: false,
      measure: false,
      primaryPid: 1,
    },
    { ...HTTP_LIMITS, lingerMs: 100, ...options.limits },
  );
  const engineOptions = asked[0] ?? assert.fail('no engine was made');
  worker.start();
  t.after(() => worker.close());

  const front = createServer({ allowHalfOpen: true });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => front.close());
  let last = 0;
  const client = async (): Promise<Client> => {
    const socket = connect((front.address() as AddressInfo).port, '127.0.0.1');
    const [inner] = (await once(front, 'connection')) as [Socket];
    const connection = ++last;
    sockets.set(connection, inner);
    engine.emit({ type: 'connection', ...connectionInfo(connection) });
    const made = new Client(socket, inner, connection);
    t.after(() => socket.destroy());
    return made;
  };
  return { worker, engine, engineOptions, told, exits, setNow: (time) => (now = time), client };
}

const connectionInfo = (connection: number) => ({
  connection,
  fd: connection,
  peerAddress: '192.0.2.9',
  peerPort: 40_000 + connection,
  localAddress: '192.0.2.1',
  localPort: 443,
  tlsVersion: 'TLSv1.3',
  tlsCipher: 'TLS_AES_256_GCM_SHA384',
  serverName: '',
  host: '',
  clientCertificate: null,
  pathMtu: 1500,
});

/** The client's end. */
export class Client {
  readonly connection: number;
  /** The worker's end of this connection. */
  readonly inner: Socket;
  readonly #socket: Socket;
  #received = '';
  #sentBytes = 0;
  #ended = false;

  constructor(socket: Socket, inner: Socket, connection: number) {
    this.#socket = socket;
    this.inner = inner;
    this.connection = connection;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => (this.#received += chunk.toString('latin1')));
    socket.on('end', () => (this.#ended = true));
    socket.on('error', () => (this.#ended = true));
  }

  get received(): string {
    return this.#received;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  write(data: string | Uint8Array): void {
    this.#sentBytes += Buffer.byteLength(data);
    this.#socket.write(data);
  }

  /** Sends and returns what comes back, up to the end of the answer or of the connection. */
  async ask(data: string): Promise<string> {
    this.#received = '';
    this.write(data);
    await until(() => this.#ended || isWhole(this.#received));
    return this.#received;
  }

  close(): void {
    this.#socket.destroy();
  }
}

export const get = (target: string, headers = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: vpn\r\n${headers}\r\n`;

export const post = (target: string, body: string, headers = ''): string =>
  `POST ${target} HTTP/1.1\r\nHost: vpn\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

export const CONNECT =
  'CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: vpn\r\nUser-Agent: Open AnyConnect VPN Agent v9.01\r\n' +
  'Cookie: webvpn=secret\r\nX-CSTP-Base-MTU: 1500\r\nX-CSTP-Address-Type: IPv6,IPv4\r\n' +
  'X-CSTP-Full-IPv6-Capability: true\r\nX-DTLS-CipherSuite: PSK-NEGOTIATE\r\n\r\n';

/** Waits for what has no event of its own; two seconds are for a loaded machine. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > end) assert.fail(`never came true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 2))?.[1];
  return end >= 0 && text.length >= end + 4 + Number(length ?? 0);
}
