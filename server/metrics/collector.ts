// Makes the page: what is counted where it happens, asked together when somebody wants to see it.
// Nothing here looks at single sessions.
import { Snapshot } from '../../core/metrics/family.ts';
import type { Family, Sample } from '../../core/metrics/family.ts';
import { families } from '../../core/metrics/families.ts';
import { readDurations } from '../../core/metrics/durations.ts';
import { Histogram } from '../../core/metrics/histogram.ts';
import {
  BACKENDS,
  CPU_MS,
  GC_KINDS,
  gcNames,
  NAMED_SUMS,
  OFFLOADS,
} from '../../core/metrics/sums.ts';
import type { EpochMs } from '../../core/units.ts';
import type { Meter } from './meter.ts';
import type { ProcessFacts } from './proc.ts';
import type { Processes, ProcessView } from './processes.ts';

/** What is known elsewhere, as it is now. */
export interface Sources {
  readonly meter: Meter;
  readonly processes: Processes;
  readonly processFacts: (pid: number) => ProcessFacts | undefined;
  readonly deviceDrops: () => { readonly received: number; readonly sent: number } | undefined;
  readonly sessions: () => { readonly connected: number; readonly all: number };
  readonly pools: () => readonly PoolUse[];
  readonly bans: () => number;
  readonly ready: () => boolean;
  /** Of what the primary holds itself. */
  readonly queues: () => Readonly<Record<'logins' | 'hook_checks' | 'accounting_records', number>>;
  readonly steering: () => Readonly<Record<'inside' | 'outside', boolean>>;
  /** By virtual host: the end of the first certificate to end. */
  /** The steps of all chains. */
  readonly backends: () => readonly string[];
  readonly certificates: () => readonly (readonly [string, EpochMs])[];
}

export interface PoolUse {
  readonly pool: string;
  readonly leased: number;
  readonly size: number;
}

export interface CollectorOptions {
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedAt: EpochMs;
}

/** From nobody to more than there is room for; bytes have the same bounds in KiB. */
const LENGTH_BOUNDS = [0, 1, 4, 16, 64, 256, 1024, 4096, 16384];
const KIB = 1024;

export class Collector {
  readonly #sources: Sources;
  readonly #options: CollectorOptions;
  readonly #lengths = new Map<string, Histogram>();

  constructor(sources: Sources, options: CollectorOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  /** To be called once a second. */
  sampleQueues(): void {
    for (const [queue, length] of Object.entries(this.#queues())) {
      this.#lengthsOf(queue).observe(length);
    }
  }

  collect(): Sample[] {
    const page = new Snapshot();
    this.#addServer(page);
    this.#addSessions(page);
    this.#addSums(page);
    this.#addEngine(page);
    this.#addQueues(page);
    this.#addProcesses(page);
    this.#addOperation(page);
    return page.samples;
  }

  #addServer(page: Snapshot): void {
    const { processes, ready } = this.#sources;
    const { version, nodeVersion, startedAt } = this.#options;
    page.set(families.buildInfo, 1, version, nodeVersion);
    page.set(families.startTime, startedAt / 1000);
    page.set(families.ready, Number(ready()));
    const isUp = ({ name, pid }: ProcessView): boolean =>
      name.startsWith('worker-') && pid !== undefined;
    page.set(families.workers, processes.list().filter(isUp).length);
  }

  #addSessions(page: Snapshot): void {
    const { meter, processes, sessions, bans, pools } = this.#sources;
    const { connected, all } = sessions();
    page.set(families.sessions, connected, 'connected');
    page.set(families.sessions, all - connected, 'away');
    page.setEach(families.sessionsEnded, meter.sessionEnds.read());
    const onDtls = processes.level('dtls_tunnels');
    page.set(families.tunnels, onDtls, 'dtls');
    page.set(families.tunnels, Math.max(0, processes.level('tunnels') - onDtls), 'tls');
    page.set(families.tunnelsOpened, meter.tunnelsOpened);
    page.setEach(families.tunnelsClosed, meter.tunnelEnds.read());
    page.setEach(families.logins, meter.logins.read());
    page.setBuckets(families.loginSeconds, meter.loginSeconds.read());
    page.set(families.bans, bans());
    page.set(families.banned, meter.bans);
    for (const { pool, leased, size } of pools()) {
      page.set(families.poolLeases, leased, pool);
      page.set(families.poolSize, size, pool);
    }
  }

  #addSums(page: Snapshot): void {
    const { processes, backends } = this.#sources;
    const { totals } = processes;
    const configured = new Set(backends());
    for (const { name, family, labels } of NAMED_SUMS) {
      const total = totals.sum(name);
      const idle = family === families.authChecks && !configured.has(labels[0] ?? '');
      if (total > 0 || !idle) page.set(family, total, ...labels);
    }
    const durations = (family: Family, what: string, ...labels: string[]): void =>
      page.setBuckets(
        family,
        readDurations(what, (name) => totals.sum(name)),
        ...labels,
      );
    durations(families.tlsSeconds, 'tls');
    durations(families.dtlsSeconds, 'dtls');
    for (const backend of BACKENDS.filter((each) => configured.has(each))) {
      durations(families.authSeconds, `auth.${backend}`, backend);
    }
  }

  #addEngine(page: Snapshot): void {
    const { processes, deviceDrops, steering } = this.#sources;
    const drops = deviceDrops();
    if (drops !== undefined) page.setEach(families.deviceDropped, drops);
    for (const [way, on] of Object.entries(steering())) {
      page.set(families.steering, Number(on), way);
    }
    for (const offload of OFFLOADS) {
      page.set(families.offloadRefusals, processes.totals.sum(`offload.${offload}`), offload);
    }
    page.set(families.tlsBlocked, processes.level('tls_blocked'));
  }

  #addQueues(page: Snapshot): void {
    page.setEach(families.queue, this.#queues());
    for (const [queue, lengths] of this.#lengths) {
      page.setBuckets(families.queueSamples, lengths.read(), queue);
    }
  }

  #addProcesses(page: Snapshot): void {
    for (const view of this.#sources.processes.list()) this.#addProcess(page, view);
  }

  #addProcess(page: Snapshot, { name, pid, restarts, levels, delays }: ProcessView): void {
    const { totals } = this.#sources.processes;
    page.set(families.processUp, Number(pid !== undefined), name);
    page.set(families.processRestarts, restarts, name);
    page.set(families.processCpu, totals.of(name, CPU_MS) / 1000, name);
    page.setBuckets(families.loopDelay, delays, name);
    for (const kind of GC_KINDS) {
      const { runs, ms } = gcNames(kind);
      page.set(families.gcRuns, totals.of(name, runs), name, kind);
      page.set(families.gcSeconds, totals.of(name, ms) / 1000, name, kind);
    }
    page.set(families.heapUsed, levels.get('heap_used') ?? 0, name);
    page.set(families.heapTotal, levels.get('heap_total') ?? 0, name);
    const facts = pid === undefined ? undefined : this.#sources.processFacts(pid);
    if (facts === undefined) return;
    page.set(families.processMemory, facts.residentBytes, name);
    page.set(families.processMaxDescriptors, facts.maxDescriptors, name);
    if (facts.openDescriptors !== undefined) {
      page.set(families.processDescriptors, facts.openDescriptors, name);
    }
  }

  #addOperation(page: Snapshot): void {
    const { meter, certificates } = this.#sources;
    for (const [host, until] of certificates()) {
      page.set(families.certificateExpiry, until / 1000, host);
    }
    page.setEach(families.databaseWrites, meter.databaseWrites.read());
    page.setEach(families.databaseFailures, meter.databaseFailures.read());
    page.setEach(families.reloads, meter.reloads.read());
  }

  #queues(): Readonly<Record<string, number>> {
    const { processes, queues } = this.#sources;
    return {
      ...queues(),
      connections: processes.level('connections'),
      auth_checks: processes.level('checks_waiting'),
      accounting_spool: processes.level('accounting_spooled'),
      tls_bytes: processes.level('tls_waiting_bytes'),
      udp_bytes: processes.level('udp_waiting_bytes'),
    };
  }

  #lengthsOf(queue: string): Histogram {
    const known = this.#lengths.get(queue);
    if (known !== undefined) return known;
    const unit = queue.endsWith('_bytes') ? KIB : 1;
    const fresh = new Histogram(LENGTH_BOUNDS.map((bound) => bound * unit));
    this.#lengths.set(queue, fresh);
    return fresh;
  }
}
