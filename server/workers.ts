// All workers together: their supervisors, their links, and which descriptors each inherits.
import type { ChildProcess } from 'node:child_process';
import type {
  EngineOffloads,
  PrimaryToWorker,
  TunnelStatus,
  WorkerFds,
  WorkerSettings,
  WorkerToPrimary,
} from '../core/ipc/messages.ts';
import { SILENCE_LIMIT_MS } from '../core/ipc/alive.ts';
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import { FIRST_INHERITED_FD } from './fork.ts';
import type { Inside } from './inside.ts';
import type { Listeners } from './listeners.ts';
import type { ProcessObserver } from './metrics/processes.ts';
import { Supervisor } from './supervisor.ts';
import { WorkerLink } from './worker_link.ts';
import type { WorkerServices } from './worker_link.ts';

export interface WorkersComponents {
  /** Starts the program of a worker that inherits these descriptors, in this order. */
  readonly fork: (worker: number, fds: readonly number[]) => ChildProcess;
  readonly services: WorkerServices;
  readonly inside: Pick<Inside, 'queues' | 'mailboxes' | 'owners'>;
  readonly listeners: Pick<Listeners, 'workers'>;
  /** As they are now: a successor starts with what was last configured. */
  readonly settings: () => WorkerSettings;
  readonly bannedSources: () => readonly string[];
  readonly logger: Logger;
  readonly now: () => EpochMs;
  /** By name of the process: where [metrics] is on. */
  readonly observe?: ((process: string) => ProcessObserver) | undefined;
}

export interface WorkersOptions {
  readonly count: number;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly sandbox: boolean;
  readonly offloads: EngineOffloads;
}

/** Loading the program and entering the sandbox take a second on a busy machine. */
const READY_TIMEOUT_MS: Milliseconds = 15_000;
/** Above what a worker's login queue of that size could be answered in before clients give up. */
const MAX_LOGINS = 1_000;

interface Worker {
  readonly link: WorkerLink;
  readonly supervisor: Supervisor<PrimaryToWorker, WorkerToPrimary>;
}

export class Workers {
  private readonly workers: readonly Worker[];

  constructor(components: WorkersComponents, options: WorkersOptions) {
    this.workers = Array.from({ length: options.count }, (_, worker) =>
      buildWorker(worker, components, options),
    );
  }

  /** By worker number; null = being replaced. */
  get pids(): (number | null)[] {
    return this.workers.map(({ supervisor }) => supervisor.pid ?? null);
  }

  /** Whether one of them has not been heard for long, nor a successor. */
  get someAbsent(): boolean {
    return this.workers.some(({ supervisor }) => supervisor.isAbsent);
  }

  /** All at once; when one cannot start, the others are stopped and its WolfguardError is thrown. */
  async start(): Promise<void> {
    const results = await Promise.allSettled(
      this.workers.map(({ supervisor }) => supervisor.start()),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await this.stop(false, READY_TIMEOUT_MS);
    throw failed.reason;
  }

  /** Resolves when all have gone, at the latest after `graceMs`. */
  async stop(tellClients: boolean, graceMs: Milliseconds): Promise<void> {
    await Promise.all(
      this.workers.map(({ supervisor }) =>
        supervisor.stop({ kind: 'shutdown', tellClients }, graceMs),
      ),
    );
  }

  /** Shortens a stop. */
  kill(): void {
    for (const { supervisor } of this.workers) supervisor.kill();
  }

  /** Why some worker cannot live with these settings: a sentence each; none = all can. */
  async try(settings: WorkerSettings): Promise<string[]> {
    const problems = await Promise.all(this.workers.map(({ link }) => link.try(settings)));
    return problems.filter((problem) => problem !== null);
  }

  /** Tells all workers the settings as they are now. */
  configure(): void {
    for (const { link } of this.workers) link.configure();
  }

  /** Silent when that worker is not there. */
  send(worker: number, message: PrimaryToWorker): void {
    this.workers[worker]?.link.send(message);
  }

  /** Those that are not there hear the present state when they are. */
  sendToAll(message: PrimaryToWorker): void {
    for (const { link } of this.workers) link.send(message);
  }

  /** What all workers together have forwarded to one another, as of their last listing. */
  get forwardedPackets(): number {
    return this.workers.reduce((sum, { link }) => sum + link.forwardedPackets, 0);
  }

  /** By worker: its tunnels, or those of `only`, as they are now; a worker that does not answer in time is missing. */
  async listTunnels(
    timeoutMs: Milliseconds,
    only?: ReadonlyMap<number, readonly number[]>,
  ): Promise<Map<number, readonly TunnelStatus[]>> {
    const lists = await Promise.all(
      this.workers.map(({ link }, worker) =>
        link.listTunnels(timeoutMs, only && (only.get(worker) ?? [])),
      ),
    );
    return new Map(
      lists.flatMap((tunnels, worker) =>
        tunnels === undefined ? [] : [[worker, tunnels] as const],
      ),
    );
  }
}

function buildWorker(
  worker: number,
  components: WorkersComponents,
  options: WorkersOptions,
): Worker {
  const { fork, services, settings, bannedSources, logger, now, observe } = components;
  const { fds, numbers } = inheritedFds(worker, components);
  const startMessage = (): Extract<PrimaryToWorker, { kind: 'start' }> => ({
    kind: 'start',
    worker,
    workers: options.count,
    settings: settings(),
    fds: numbers,
    offloads: options.offloads,
    user: options.user,
    sandbox: options.sandbox,
    measure: observe !== undefined,
    primaryPid: process.pid,
  });
  const link = new WorkerLink(
    { services, startMessage, bannedSources },
    { worker, maxLogins: MAX_LOGINS },
  );
  const supervisor = new Supervisor<PrimaryToWorker, WorkerToPrimary>(
    {
      fork: () => fork(worker, fds),
      link: (send) => link.attach(send),
      logger,
      now,
      observer: observe?.(`worker-${worker}`),
    },
    {
      name: `worker ${worker}`,
      readyTimeoutMs: READY_TIMEOUT_MS,
      silenceLimitMs: SILENCE_LIMIT_MS,
    },
  );
  return { link, supervisor };
}

/** Our descriptors in the order of inheritance, and the numbers that they have in the worker. */
export function inheritedFds(
  worker: number,
  { inside, listeners }: Pick<WorkersComponents, 'inside' | 'listeners'>,
): { fds: readonly number[]; numbers: WorkerFds } {
  const fds: number[] = [];
  const inherit = (fd: number | undefined): number => {
    if (fd === undefined) throw new RangeError(`there is no worker ${worker}`);
    fds.push(fd);
    return FIRST_INHERITED_FD + fds.length - 1;
  };
  const numbers = {
    tun: inherit(inside.queues[worker]),
    tcp: (listeners.workers[worker]?.tcp ?? []).map(inherit),
    udp: (listeners.workers[worker]?.udp ?? []).map(inherit),
    inbox: inherit(inside.mailboxes[worker]?.inbox),
    outboxes: inside.mailboxes.map(({ outbox }) => inherit(outbox)),
    owners: inherit(inside.owners),
  };
  return { fds, numbers };
}
