// The graph of a worker, and its obedience to the primary. Knows nothing of the process around it.
import { X509Certificate } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpAnswer } from '../core/http/answer.ts';
import type {
  PrimaryToWorker,
  TlsSettings,
  WorkerSettings,
  WorkerToPrimary,
} from '../core/ipc/messages.ts';
import { joinMeasures } from '../core/ipc/measures.ts';
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs } from '../core/units.ts';
import { ProcessMeter } from '../native/process_meter.ts';
import type { Engine, EngineEvent, EngineOptions } from '../native/engine.ts';
import { Banned } from './banned.ts';
import { Camouflage } from './camouflage.ts';
import { ConnectHandler } from './connect_handler.ts';
import { FailedConnects } from './failed_connects.ts';
import { HttpFront } from './http_server.ts';
import type { HttpLimits } from './limits.ts';
import { ENGINE_LIMITS, SHUTDOWN_TIMEOUT_MS } from './limits.ts';
import { LoginHandler } from './login_handler.ts';
import { PolicyShelf } from './policy_shelf.ts';
import { PrimaryChannel } from './primary_channel.ts';
import { Tunnels } from './tunnels.ts';

export interface WorkerComponents {
  readonly createEngine: (options: EngineOptions, onEvent: (event: EngineEvent) => void) => Engine;
  readonly openSocket: (fd: number) => Socket;
  /** Hands a message to the primary; false when it is gone. */
  readonly send: (message: WorkerToPrimary) => boolean;
  readonly exit: (code: number) => void;
  readonly now: () => EpochMs;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Logger;
}

export type StartMessage = Extract<PrimaryToWorker, { kind: 'start' }>;

export class Worker {
  readonly #components: WorkerComponents;
  readonly #engine: Engine;
  readonly #channel: PrimaryChannel;
  readonly #http: HttpFront;
  readonly #connect: ConnectHandler;
  readonly #tunnels: Tunnels;
  readonly #banned = new Banned();
  readonly #shelf: PolicyShelf;
  readonly #failures: FailedConnects;
  readonly #workers: number;
  /** Undefined: nobody wants to know. */
  readonly #meter: ProcessMeter | undefined;
  #settings: WorkerSettings;
  /** By virtual host, upper-case hex. */
  #certificateSha1 = new Map<string, string>();
  #extraHeaders: HttpAnswer['headers'] = [];
  #clock: NodeJS.Timeout | undefined;
  #ending: { readonly timer: NodeJS.Timeout } | undefined;

  /** Builds everything and accepts nothing yet; throws where certificate or key are unusable. */
  constructor(components: WorkerComponents, start: StartMessage, limits: HttpLimits) {
    const { log, send, now, randomBytes, openSocket } = components;
    const { worker, workers, fds, offloads } = start;
    this.#components = components;
    this.#settings = start.settings;
    this.#workers = workers;
    this.#meter = start.measure ? new ProcessMeter() : undefined;
    this.#engine = components.createEngine(
      { worker, workers, fds, offloads, proxy: start.settings.proxy, ...ENGINE_LIMITS },
      (event) => this.#handleEvent(event),
    );
    const engine = this.#engine;
    if (!engine.packetsRaised) {
      log.info(
        { event: 'worker.not_urgent' },
        'the packet thread may not be raised (CAP_SYS_NICE): the others are lowered instead',
      );
    }
    const settings = (): WorkerSettings => this.#settings;
    const channel = new PrimaryChannel({ send });
    const tunnels = new Tunnels({ engine, channel });
    const failures = new FailedConnects({ channel });
    const shelf = new PolicyShelf({ engine });
    const login = new LoginHandler({
      channel,
      settings,
      certificateSha1: (vhost) => this.#certificateSha1.get(vhost) ?? '',
      log,
    });
    const connect = new ConnectHandler(
      { engine, channel, tunnels, failures, shelf, settings, now, randomBytes, log },
      { worker },
    );
    this.#channel = channel;
    this.#tunnels = tunnels;
    this.#failures = failures;
    this.#shelf = shelf;
    this.#connect = connect;
    this.#http = new HttpFront(
      {
        openSocket,
        onRequest: (request) => login.handle(request),
        onConnect: (request) => connect.handle(request),
        onFailedConnect: (address) => failures.note(address),
        isBanned: (address) => this.#banned.has(address),
        camouflage: new Camouflage({
          channel,
          settings: () => this.#settings.camouflage,
          extraHeaders: () => this.#extraHeaders,
          now,
        }),
        log,
      },
      {
        limits,
        authTimeoutMs: () => this.#settings.authTimeoutMs,
        extraHeaders: () => this.#extraHeaders,
      },
    );
    try {
      this.#configure(start.settings);
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** Begins to accept and tells the primary. */
  start(): void {
    this.#engine.start();
    this.#clock = setInterval(() => this.#tick(), 1000);
    this.#channel.tell({ kind: 'ready' });
  }

  handleMessage(message: Exclude<PrimaryToWorker, { kind: 'start' }>): void {
    switch (message.kind) {
      case 'login-reply':
      case 'cookie-checked':
      case 'profile-reply':
        this.#channel.handleReply(message);
        break;
      case 'open-tunnel-reply':
        this.#channel.handleReply({ ...message, reply: this.#shelf.complete(message.reply) });
        break;
      case 'policy-lists':
        this.#shelf.handleMessage(message);
        break;
      case 'close-tunnel':
        this.#connect.close(message.tunnel, message.end, message.tellClient);
        break;
      case 'list-tunnels':
        this.#channel.tell({
          kind: 'tunnels',
          id: message.id,
          tunnels: this.#tunnels.list(message.only),
          forwardedPackets: this.#engine.totals().forwardedPackets,
        });
        break;
      case 'try-settings':
        this.#channel.tell({
          kind: 'settings-tried',
          id: message.id,
          problem: this.#problemOf(message.settings),
        });
        break;
      case 'configure':
        this.#reconfigure(message.settings);
        break;
      case 'bans':
        this.#engine.setBans(message.add, message.remove);
        this.#banned.update(message.add, message.remove);
        this.#http.closeBanned();
        break;
      case 'shutdown':
        this.#shutDown(message.tellClients);
        break;
    }
  }

  /** The channel is closed: without a primary nothing here is right any more. */
  primaryGone(): void {
    this.#channel.close();
    this.#exit();
  }

  /** Cuts every connection and stops the engine. Idempotent. */
  close(): void {
    clearInterval(this.#clock);
    this.#meter?.close();
    clearTimeout(this.#ending?.timer);
    this.#http.close();
    this.#engine.close();
  }

  /** One coarse look a second at the ends of sessions, not a timer for each. */
  #tick(): void {
    this.#tunnels.closeExpired(this.#components.now());
    this.#failures.report();
    if (this.#meter === undefined) return;
    const measures = joinMeasures(this.#meter.read(), this.#engine.measure());
    this.#channel.tell({ kind: 'measures', ...measures });
  }

  #handleEvent(event: EngineEvent): void {
    const { log } = this.#components;
    switch (event.type) {
      case 'connection':
        this.#http.accept(event);
        break;
      case 'held':
      case 'connection-closed':
      case 'tunnel-opened':
      case 'tunnel-closed':
        this.#connect.handleEvent(event);
        if (this.#ending !== undefined && this.#tunnels.size === 0) this.#exit();
        break;
      case 'dtls-opened':
        log.debug({ tunnel: event.tunnel, cipher: event.cipher }, 'dtls opened');
        break;
      case 'dtls-closed':
        log.debug({ tunnel: event.tunnel, reason: event.reason }, 'dtls closed');
        break;
      case 'endpoints':
        this.#channel.tell({ kind: 'endpoints', changes: event.changes });
        break;
      case 'failed-connects':
        for (const [address, count] of event.counts) this.#failures.note(address, count);
        break;
      case 'packets-calm':
        this.#channel.tell({ kind: 'packets-calm', thread: event.thread });
        break;
      case 'warning':
        log.warn({ event: 'engine.warning' }, event.message);
        break;
    }
  }

  #configure(settings: WorkerSettings): void {
    this.#engine.setTls(settings.tls);
    this.#engine.setAcceptRate(settings.acceptRate, this.#workers);
    this.#certificateSha1 = fingerprintsOf(settings.tls);
    this.#extraHeaders = Object.entries(settings.extraHeaders).filter(isSendable);
    this.#components.log.level = settings.logLevel;
    this.#settings = settings;
  }

  #problemOf({ tls }: WorkerSettings): string | null {
    try {
      this.#engine.checkTls(tls);
      fingerprintsOf(tls);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #reconfigure(settings: WorkerSettings): void {
    try {
      this.#configure(settings);
    } catch (error) {
      this.#components.log.error(
        { event: 'worker.settings_refused', err: error },
        'the new settings are unusable: the old ones stay',
      );
    }
  }

  #shutDown(tellClients: boolean): void {
    if (this.#ending !== undefined) return;
    this.#ending = { timer: setTimeout(() => this.#exit(), SHUTDOWN_TIMEOUT_MS) };
    this.#http.close();
    this.#tunnels.closeAll('shutdown', tellClients);
    if (this.#tunnels.size === 0) this.#exit();
  }

  #exit(): void {
    this.close();
    this.#components.exit(0);
  }
}

/** By virtual host: SHA-1 of its first certificate, upper-case hex; throws where there is none. */
const fingerprintsOf = (hosts: readonly TlsSettings[]): Map<string, string> =>
  new Map(
    hosts.map(({ name, certificates }) => {
      const { fingerprint } = new X509Certificate(certificates[0]?.chainPem ?? '');
      return [name, fingerprint.replaceAll(':', '')];
    }),
  );

/** node:http throws at a header that cannot be sent; that must not happen in an answer. */
function isSendable([name, value]: readonly [string, string]): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
