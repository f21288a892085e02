// The primary's end of one worker process: what it asks is passed to the services, and what they
// answer goes back to that very process. A successor has a link of its own, so a late answer never
// reaches a process that did not ask.
import type {
  LoginReply,
  LoginRequest,
  OpenTunnelReply,
  OpenTunnelRequest,
  PrimaryToWorker,
  ProfileReply,
  TunnelStatus,
  WorkerSettings,
  WorkerToPrimary,
} from '../core/ipc/messages.ts';
import type { Milliseconds } from '../core/units.ts';
import { SharedLists } from './shared_lists.ts';
import type { ChildLink } from './supervisor.ts';
import { Trials } from './trials.ts';

export type Report<Kind> = Extract<WorkerToPrimary, { readonly kind: Kind }>;

/** What a worker may ask and tell. None of these may throw or reject. */
export interface WorkerServices {
  login(request: LoginRequest): Promise<LoginReply>;
  /** `isThere`: whether the process that asks still lives. */
  openTunnel(
    worker: number,
    request: OpenTunnelRequest,
    isThere: () => boolean,
  ): OpenTunnelReply | Promise<OpenTunnelReply>;
  knowsCookie(cookie: string): boolean;
  profile(cookie: string): ProfileReply;
  logout(cookie: string): void;
  tunnelOpened(worker: number, message: Report<'tunnel-opened'>): void;
  tunnelClosed(worker: number, message: Report<'tunnel-closed'>): void;
  endpointsChanged(worker: number, message: Report<'endpoints'>): void;
  packetsCalm(worker: number, message: Report<'packets-calm'>): void;
  connectsFailed(message: Report<'failed-connects'>): void;
  workerGone(worker: number): void;
}

export interface WorkerLinkComponents {
  readonly services: WorkerServices;
  /** The first message of each process. */
  readonly startMessage: () => Extract<PrimaryToWorker, { kind: 'start' }>;
  /** The second one of each process: all sources that are banned now. */
  readonly bannedSources: () => readonly string[];
}

export interface WorkerLinkOptions {
  readonly worker: number;
  /** Logins of one worker that wait for an answer; more are refused at once. */
  readonly maxLogins: number;
}

interface Listing {
  readonly resolve: (tunnels: readonly TunnelStatus[] | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export class WorkerLink {
  private channel: ((message: PrimaryToWorker) => void) | undefined;
  private logins = 0;
  private nextListing = 1;
  /** As the process there last said; of those before it, the sum. */
  private forwarded = 0;
  private forwardedBefore = 0;
  private readonly trials: Trials;
  /** Since when a process is there that answers. */
  private ready = false;
  private readonly listings = new Map<number, Listing>();
  private readonly components: WorkerLinkComponents;
  private readonly options: WorkerLinkOptions;

  constructor(components: WorkerLinkComponents, options: WorkerLinkOptions) {
    this.components = components;
    this.options = options;
    this.trials = new Trials(`worker ${options.worker}`);
  }

  /** These tunnels of this worker, or all, as they are now; undefined when it does not answer in time. */
  listTunnels(
    timeoutMs: Milliseconds,
    only?: readonly number[],
  ): Promise<readonly TunnelStatus[] | undefined> {
    const { channel } = this;
    if (channel === undefined) return Promise.resolve(undefined);
    const id = this.nextListing++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settleListing(id, undefined), timeoutMs);
      this.listings.set(id, { resolve, timer });
      channel({ kind: 'list-tunnels', id, ...(only !== undefined && { only }) });
    });
  }

  /** Packets that this worker has handed to others, as of its last listing. */
  get forwardedPackets(): number {
    return this.forwardedBefore + this.forwarded;
  }

  /** Silent when the worker is not there: then the tunnel that this is about is not either. */
  send(message: PrimaryToWorker): void {
    this.channel?.(message);
  }

  /** Why the worker cannot live with these; null = it can, or it is not there and starts with them. */
  try(settings: WorkerSettings): Promise<string | null> {
    const { channel } = this;
    if (channel === undefined || !this.ready) return Promise.resolve(null);
    return this.trials.ask((id) => channel({ kind: 'try-settings', id, settings }));
  }

  /** Tells the worker its settings anew; a successor starts with them. */
  configure(): void {
    this.channel?.({ kind: 'configure', settings: this.components.startMessage().settings });
  }

  /** The listener for one worker process, as the supervisor wants it. */
  attach(send: (message: PrimaryToWorker) => void): ChildLink<WorkerToPrimary> {
    const { services, startMessage, bannedSources } = this.components;
    const lists = new SharedLists(send);
    return {
      handleSpawned: () => {
        this.channel = send;
        this.logins = 0;
        send(startMessage());
        const add = bannedSources();
        if (add.length > 0) send({ kind: 'bans', add, remove: [] });
      },
      handleReady: () => {
        this.ready = true;
      },
      handleMessage: (message) => this.handleMessage(message, send, lists),
      handleGone: () => {
        this.channel = undefined;
        this.ready = false;
        this.trials.close();
        this.forwardedBefore += this.forwarded;
        this.forwarded = 0;
        for (const id of this.listings.keys()) this.settleListing(id, undefined);
        services.workerGone(this.options.worker);
      },
    };
  }

  private handleMessage(
    message: WorkerToPrimary,
    send: (message: PrimaryToWorker) => void,
    lists: SharedLists,
  ): void {
    const { services } = this.components;
    const { worker } = this.options;
    switch (message.kind) {
      case 'login':
        this.handleLogin(message.id, message.request, send);
        return;
      case 'open-tunnel': {
        const { id, request } = message;
        const answer = (reply: OpenTunnelReply): void =>
          send({ kind: 'open-tunnel-reply', id, reply: lists.share(reply) });
        const reply = services.openTunnel(worker, request, () => this.channel === send);
        if (reply instanceof Promise) void reply.then(answer);
        else answer(reply);
        return;
      }
      case 'check-cookie':
        send({
          kind: 'cookie-checked',
          id: message.id,
          known: services.knowsCookie(message.cookie),
        });
        return;
      case 'profile': {
        const reply = services.profile(message.cookie);
        send({ kind: 'profile-reply', id: message.id, reply });
        return;
      }
      case 'logout':
        services.logout(message.cookie);
        return;
      case 'tunnel-opened':
        services.tunnelOpened(worker, message);
        return;
      case 'tunnel-closed':
        services.tunnelClosed(worker, message);
        return;
      case 'endpoints':
        services.endpointsChanged(worker, message);
        return;
      case 'packets-calm':
        services.packetsCalm(worker, message);
        return;
      case 'tunnels':
        this.forwarded = message.forwardedPackets;
        this.settleListing(message.id, message.tunnels);
        return;
      case 'failed-connects':
        services.connectsFailed(message);
        return;
      case 'settings-tried':
        this.trials.answer(message.id, message.problem);
        return;
      case 'ready':
      case 'fatal':
      case 'alive':
      case 'measures':
        return;
    }
  }

  private handleLogin(
    id: number,
    request: LoginRequest,
    send: (message: PrimaryToWorker) => void,
  ): void {
    if (this.logins >= this.options.maxLogins) {
      const reason = 'Too many logins at once; try again later.';
      send({ kind: 'login-reply', id, reply: { kind: 'unavailable', reason } });
      return;
    }
    this.logins++;
    void this.components.services.login(request).then((reply) => {
      send({ kind: 'login-reply', id, reply });
      if (this.channel === send) this.logins--;
    });
  }

  private settleListing(id: number, tunnels: readonly TunnelStatus[] | undefined): void {
    const listing = this.listings.get(id);
    if (listing === undefined) return;
    this.listings.delete(id);
    clearTimeout(listing.timer);
    listing.resolve(tunnels);
  }
}
