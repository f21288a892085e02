// [metrics] in the primary, put together: what counts, who is told to, and the process that answers.
import { X509Certificate } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import { SILENCE_LIMIT_MS } from '../../core/ipc/alive.ts';
import { MEASURES_INTERVAL_MS } from '../../core/ipc/measures.ts';
import type { TlsSettings } from '../../core/ipc/messages.ts';
import type { MetricsToPrimary, PrimaryToMetrics } from '../../core/ipc/metrics.ts';
import { renderSamples } from '../../core/metrics/exposition.ts';
import { formatCidr } from '../../core/net/address.ts';
import type { AddressPool } from '../../core/net/pool.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import { ProcessMeter } from '../../native/process_meter.ts';
import { system } from '../../native/system.ts';
import { FIRST_INHERITED_FD, forkProgram } from '../fork.ts';
import type { Log } from '../log.ts';
import { portError } from '../preflight.ts';
import type { AuthLink } from '../auth_link.ts';
import type { Bans } from '../bans.ts';
import type { Hooks } from '../hooks/hooks.ts';
import type { Readiness } from '../readiness.ts';
import type { Loaded } from '../reload.ts';
import type { Sequence } from '../sequence.ts';
import type { Sessions } from '../sessions.ts';
import type { Steering } from '../steering.ts';
import { Supervisor } from '../supervisor.ts';
import { Collector } from './collector.ts';
import type { CollectorOptions, PoolUse, Sources } from './collector.ts';
import { Meter } from './meter.ts';
import { metricsLink } from './metrics_link.ts';
import { deviceDrops, processFacts } from './proc.ts';
import { Processes } from './processes.ts';
import type { ProcessObserver } from './processes.ts';

/** What else the primary knows. */
export interface MetricsSources {
  readonly sessions: Pick<Sessions, 'connected' | 'size' | 'pools'>;
  readonly bans: Pick<Bans, 'size'>;
  readonly link: Pick<AuthLink, 'inFlight' | 'waitingRecords'>;
  readonly hooks: Pick<Hooks, 'checking'>;
  readonly steering: Pick<Steering, 'enabled'>;
  /** Always what the last reload has left. */
  readonly current: Pick<Loaded, 'config' | 'tls'>;
  readonly readiness: Readiness;
}

export interface MetricsOptions extends CollectorOptions {
  /** Whom the metrics process runs as. */
  readonly user: { readonly uid: number; readonly gid: number };
}

const READY_TIMEOUT_MS: Milliseconds = 15_000;
const GRACE_MS: Milliseconds = 1_000;

export class Metrics {
  /** Counts whether anybody wants to know or not: it costs an addition a login. */
  readonly meter = new Meter();
  readonly #processes = new Processes();
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  /** undefined: [metrics] is off, and no process says what it does. */
  get observe(): ((process: string) => ProcessObserver) | undefined {
    return this.#config.metrics.listen === null
      ? undefined
      : (process) => this.#processes.observe(process);
  }

  /** Opens the sockets and starts the process; throws WolfguardError. Does nothing where it is off. */
  async start(
    sequence: Sequence,
    sources: MetricsSources,
    options: MetricsOptions,
    log: Log,
  ): Promise<void> {
    const { listen } = this.#config.metrics;
    if (listen === null) return;
    const collector = new Collector(this.#sources(sources), options);
    await sequence.step(
      'measures',
      () => this.#measure(collector),
      (close) => close(),
    );
    const sockets = await sequence.step(
      'metrics sockets',
      () => openSockets(listen),
      (fds) => fds.forEach((fd) => system().closeFd(fd)),
    );
    const supervisor = this.#supervise(collector, sources.readiness, { ...options, sockets }, log);
    await sequence.step(
      'metrics process',
      () => supervisor.start(),
      () => supervisor.stop(null, GRACE_MS),
    );
    const where = listen.map(({ address, port }) => `${address} port ${port}`);
    log.logger.info(
      { event: 'metrics.listening', listen: where },
      'metrics are served to whoever reaches these addresses',
    );
  }

  #supervise(
    collector: Collector,
    readiness: Readiness,
    { user, sockets }: MetricsOptions & { readonly sockets: readonly number[] },
    log: Log,
  ): Supervisor<PrimaryToMetrics, MetricsToPrimary> {
    const { workers, log: logging } = this.#config;
    const start: PrimaryToMetrics = {
      kind: 'start',
      listeners: sockets.map((_, index) => FIRST_INHERITED_FD + index),
      ...{ user, sandbox: workers.sandbox, primaryPid: process.pid, logLevel: logging.level },
    };
    const link = {
      startMessage: () => start,
      page: (format: Parameters<typeof renderSamples>[1]) =>
        renderSamples(collector.collect(), format),
      readiness,
    };
    return new Supervisor(
      {
        fork: () =>
          forkProgram('server/metrics/app', { title: 'wolfguard: metrics', fds: sockets }, log),
        link: (send) => metricsLink(link, send),
        logger: log.logger,
        now: Date.now,
        observer: this.#processes.observe('metrics'),
      },
      {
        name: 'metrics process',
        readyTimeoutMs: READY_TIMEOUT_MS,
        silenceLimitMs: SILENCE_LIMIT_MS,
      },
    );
  }

  /** The primary says of itself what its children say; returns what ends that. */
  #measure(collector: Collector): () => void {
    const meter = new ProcessMeter();
    const observer = this.#processes.observe('primary');
    observer.spawned(process.pid);
    const timer = setInterval(() => {
      observer.measured(process.pid, meter.read());
      collector.sampleQueues();
    }, MEASURES_INTERVAL_MS).unref();
    return () => {
      clearInterval(timer);
      meter.close();
    };
  }

  #sources({ sessions, bans, link, hooks, steering, current, readiness }: MetricsSources): Sources {
    return {
      sessions: () => ({ connected: sessions.connected, all: sessions.size }),
      bans: () => bans.size,
      queues: () => ({
        logins: link.inFlight,
        hook_checks: hooks.checking,
        accounting_records: link.waitingRecords,
      }),
      steering: () => steering.enabled,
      meter: this.meter,
      processes: this.#processes,
      processFacts,
      deviceDrops: () => deviceDrops(this.#config.network.device),
      pools: () => sessions.pools.map(useOf),
      ready: () => readiness.ready,
      backends: () =>
        [current.config, ...current.config.vhost].flatMap(({ auth }) =>
          auth.chain.flatMap(({ steps }): readonly string[] => steps),
        ),
      certificates: expiryReader(() => current.tls.hosts),
    };
  }
}

const useOf = ({ network, leased, capacity }: AddressPool): PoolUse => ({
  pool: formatCidr(network),
  leased,
  size: capacity,
});

/** Reads certificates again only when there are others. */
function expiryReader(tls: () => readonly TlsSettings[]): Sources['certificates'] {
  let read: readonly TlsSettings[] | undefined;
  let expiry: readonly (readonly [string, EpochMs])[] = [];
  return () => {
    const hosts = tls();
    if (hosts !== read) {
      expiry = hosts.map(({ name, certificates }) => [
        name,
        Math.min(
          ...certificates.map(({ chainPem }) =>
            new X509Certificate(chainPem).validToDate.getTime(),
          ),
        ),
      ]);
      read = hosts;
    }
    return expiry;
  };
}

/** Throws WolfguardError; then none is left open. */
function openSockets(listen: NonNullable<Config['metrics']['listen']>): readonly number[] {
  const fds: number[] = [];
  for (const { address, port } of listen) {
    try {
      fds.push(system().listenTcp(address, port));
    } catch (error) {
      for (const fd of fds) system().closeFd(fd);
      throw portError(error, 'tcp', address, port, 'metrics.listen');
    }
  }
  return fds;
}
