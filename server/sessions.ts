// The shell around the session table: makes cookies, carries out what the table decides, and keeps
// the store behind it. The primary owns the one instance.
//
//   login ──────────► ┌───────────────┐ ─ close-tunnel ─► worker
//   open, closed, … ► │ session table │ ─ set-owner ────► owner table of the packet engines
//   time ───────────► └───────────────┘ ─ save, delete ─► store
import { createHash } from 'node:crypto';
import type {
  ClientFacts,
  OpenTunnelReply,
  OpenTunnelRequest,
  Peer,
  PrimaryToWorker,
  WorkerToPrimary,
} from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import type { Cidr, IpAddress } from '../core/net/address.ts';
import type { AddressPool } from '../core/net/pool.ts';
import type { SessionAttributes } from '../core/policy/attributes.ts';
import { closedBy } from '../core/policy/closing.ts';
import type { Closed } from '../core/policy/closing.ts';
import type { SessionPolicy } from '../core/policy/policy.ts';
import type { SessionEffect } from '../core/session/effects.ts';
import { SessionRegistry } from '../core/session/registry.ts';
import type {
  RegistryOptions,
  SessionLimits,
  PublicSelector,
  TunnelReference,
} from '../core/session/requests.ts';
import { recordOf } from '../core/session/session.ts';
import type { Session } from '../core/session/session.ts';
import type { SessionView } from '../core/session/view.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import type { Gate } from './gate.ts';
import { Obituaries } from './obituaries.ts';
import { Opening } from './opening.ts';
import type { PolicySubject } from './policies.ts';
import type { Quotas } from './quotas.ts';
import { reasonOfClosed, reasonOfLogin } from './refusals.ts';
import { publicIdOf } from './session_id.ts';
import { listSessions, viewSession } from './session_listing.ts';
import type { ListingComponents, LiveTunnels } from './session_listing.ts';
import type { SessionObserver } from './session_observer.ts';
import type { SessionStore } from './session_store.ts';

export interface SessionsComponents {
  readonly store: Pick<SessionStore, 'load' | 'save' | 'delete' | 'flush' | 'close'>;
  /** A message to a worker that is gone by now may be dropped. */
  readonly sendToWorker: (worker: number, message: PrimaryToWorker) => void;
  /** A network may be a single address; -1 = nobody. */
  readonly setOwner: (network: Cidr, worker: number) => void;
  /** What a session that begins now is given. */
  readonly policyFor: (who: PolicySubject) => SessionPolicy;
  readonly now: () => EpochMs;
  /** Cryptographically strong. */
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly log: SessionLog;
  readonly observer?: SessionObserver;
  /** What CONNECTs of some sessions wait for. */
  readonly gate?: Pick<Gate, 'concerns' | 'pass'>;
  /** Absent: nobody counts, and nobody has used anything. */
  readonly quotas?: Pick<Quotas, 'used' | 'view'>;
}

/** The part of pino that is used here. */
export type SessionLog = Pick<Logger, 'debug' | 'info'>;

export interface SessionsOptions extends RegistryOptions {
  /** Name of the TUN device, for listings. */
  readonly device: string;
}

export interface AcceptedLogin {
  readonly vhost: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly attributes: SessionAttributes;
}

export type LoginResult =
  | {
      readonly kind: 'accepted';
      /** 64 hex digits. */
      readonly cookie: string;
      readonly session: number;
      readonly policy: SessionPolicy;
    }
  /** No room: 503 for the client. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** This person may not be connected now, or no more. */
  | { readonly kind: 'closed'; readonly reason: string };

type TunnelMessage<Kind> = Extract<WorkerToPrimary, { kind: Kind }>;

const COOKIE_BYTES = 32;
// setTimeout takes no longer delay (2^31 - 1 ms); a later deadline is looked at again then.
const MAX_DELAY_MS = 0x7fffffff;

export class Sessions {
  readonly #components: SessionsComponents;
  readonly #registry: SessionRegistry;
  readonly #opening: Opening;
  readonly #listing: ListingComponents;
  readonly #obituaries = new Obituaries();
  #cookieLifetimeMs: Milliseconds;
  #timer: { readonly at: EpochMs; readonly timeout: NodeJS.Timeout } | undefined;

  /** Takes over what the store holds; throws WolfguardError when that cannot be read. */
  constructor(components: SessionsComponents, options: SessionsOptions) {
    this.#components = components;
    this.#registry = new SessionRegistry(options);
    this.#opening = new Opening({
      ...components,
      registry: this.#registry,
      gate: components.gate,
      obituary: (cookieHash) => this.#obituaries.get(cookieHash, components.now()),
      carryOut: (effects) => this.#carryOut(effects),
    });
    this.#listing = { device: options.device, quotas: components.quotas };
    this.#cookieLifetimeMs = options.limits.cookieLifetimeMs;
    this.#restore();
  }

  get size(): number {
    return this.#registry.size;
  }

  /** Those with a tunnel. */
  get connected(): number {
    return this.#registry.connected;
  }

  /** Of all hosts and groups. */
  get pools(): readonly AddressPool[] {
    return this.#registry.pools.all;
  }

  /** Makes the session of an accepted login and its cookie, which exists nowhere else. */
  login(accepted: AcceptedLogin, from: { peer: Peer; client: ClientFacts }): LoginResult {
    const { randomBytes, now, log } = this.#components;
    const { user, groups } = accepted;
    const cookie = Buffer.from(randomBytes(COOKIE_BYTES)).toString('hex');
    const policy = this.#policyOf(accepted);
    const closed = this.#closedBy(user, policy);
    if (closed !== undefined) {
      log.info(
        { event: 'login.refused', reason: 'hours', end: closed.end },
        'login refused: not at this time',
      );
      log.debug({ user, end: closed.end, until: closed.until }, 'login refused to');
      return { kind: 'closed', reason: reasonOfClosed(closed) };
    }
    const login = { ...accepted, policy, cookieHash: hashCookie(cookie), ...from };
    const outcome = this.#registry.login(login, now());
    this.#carryOut(outcome.effects);
    if (outcome.kind === 'refused') {
      log.info(
        { event: 'login.refused', reason: 'limit', limit: outcome.limit },
        'login refused: too many sessions',
      );
      return { kind: 'refused', reason: reasonOfLogin(outcome) };
    }
    const { session } = outcome.session;
    log.info({ event: 'session.created', session }, 'session created');
    log.debug({ session, user, groups, peer: from.peer.address }, 'session belongs to');
    return { kind: 'accepted', cookie, session, policy };
  }

  /**
   * A CONNECT; answered later only where a check concerns its session. When it is granted, an older
   * tunnel of the session has been told to close. `isThere`: whether the process that asks lives.
   */
  open(
    worker: number,
    request: OpenTunnelRequest,
    isThere: () => boolean = () => true,
  ): OpenTunnelReply | Promise<OpenTunnelReply> {
    const random = Buffer.from(this.#components.randomBytes(4)).readUInt32BE();
    const { cookie, ...facts } = request;
    const open = { ...facts, worker, random, cookieHash: hashCookie(cookie) };
    this.#endUsed(this.#registry.ofCookie(open.cookieHash));
    return this.#opening.open(open, isThere);
  }

  tunnelOpened(worker: number, { session, tunnel }: TunnelMessage<'tunnel-opened'>): void {
    this.#carryOut(this.#registry.tunnelOpened({ worker, session, tunnel }));
  }

  tunnelClosed(worker: number, message: TunnelMessage<'tunnel-closed'>): void {
    const { session, tunnel, end, counters } = message;
    const { rxBytes, txBytes } = counters;
    this.#components.log.info(
      { event: 'tunnel.closed', session, worker, tunnel, end, rxBytes, txBytes },
      'tunnel closed',
    );
    const closed = { worker, session, tunnel, end, counters };
    this.#carryOut(this.#registry.tunnelClosed(closed, this.#components.now()));
    this.#components.observer?.tunnelClosed(worker, message);
  }

  /** To be called before a new worker of the same number starts. */
  workerGone(worker: number): void {
    this.#carryOut(this.#registry.workerGone(worker, this.#components.now()));
  }

  /** Whether a CONNECT with this cookie would find its session. */
  knows(cookie: string): boolean {
    return this.#registry.ofCookie(hashCookie(cookie)) !== undefined;
  }

  /** What the session of this cookie was given; undefined = there is no such session. */
  policyOf(cookie: string): SessionPolicy | undefined {
    return this.#registry.policyOf(hashCookie(cookie));
  }

  logout(cookie: string): void {
    this.#carryOut(this.#registry.logout(hashCookie(cookie)));
  }

  /** When this tunnel began; undefined when it no longer carries its session. */
  connectedSince({ worker, session, tunnel }: TunnelReference): EpochMs | undefined {
    const state = this.#registry.get(session)?.state;
    const isCurrent =
      state?.kind === 'connected' && state.worker === worker && state.tunnel === tunnel;
    return isCurrent ? state.since : undefined;
  }

  all(): Iterable<Session> {
    return this.#registry.all();
  }

  /** Without what only its worker knows. */
  view(session: Session): SessionView {
    return viewSession(session, undefined, this.#listing);
  }

  /** `tunnels`: what each worker just said about its tunnels; of a silent one, nothing. */
  list(tunnels: LiveTunnels = new Map()): SessionView[] {
    return this.#render([...this.#registry.all()], tunnels);
  }

  find(selector: PublicSelector, tunnels: LiveTunnels = new Map()): SessionView[] {
    return this.#render(this.#find(selector), tunnels);
  }

  /** Drops the tunnels; the clients may come back. Returns how many sessions were meant. */
  disconnect(selector: PublicSelector): number {
    const sessions = this.#find(selector);
    const now = this.#components.now();
    for (const session of sessions) this.#carryOut(this.#registry.disconnect(session, now));
    return sessions.length;
  }

  /** Ends the sessions for good, on disk too when this returns. Returns how many there were. */
  terminate(selector: PublicSelector): number {
    const sessions = this.#find(selector);
    for (const session of sessions) this.#carryOut(this.#registry.terminate(session));
    if (sessions.length > 0) this.#components.store.flush();
    return sessions.length;
  }

  /** Other addresses for a session that waits for its checks; the old ones are to be given back. */
  exchange({ session: id }: Session, unwanted: readonly IpAddress[]): Session | undefined {
    const candidate = Buffer.from(this.#components.randomBytes(4)).readUInt32BE();
    const exchanged = this.#registry.exchange(id, unwanted, candidate);
    if (exchanged !== undefined) this.#carryOut(exchanged.effects);
    return exchanged?.session;
  }

  giveBack(addresses: readonly IpAddress[]): void {
    this.#registry.giveBack(addresses);
  }

  /** From a reload: addresses that nobody gets by chance from now on. */
  reserve(addresses: readonly IpAddress[]): void {
    this.#registry.reserve(addresses);
  }

  /** The user has moved something: sessions whose quota that has used up end. */
  moved(user: string): void {
    for (const session of this.#registry.find({ user })) this.#endUsed(session);
  }

  /** From a reload; policies of sessions that exist stay as they are. */
  setLimits(limits: SessionLimits): void {
    this.#cookieLifetimeMs = limits.cookieLifetimeMs;
    this.#registry.setLimits(limits);
  }

  /** Ends what is due; runs by itself at the right times. */
  sweep(): void {
    this.#carryOut(this.#registry.sweep(this.#components.now()));
  }

  /** Stops and closes the store; the sessions stay in it. Idempotent. */
  close(): void {
    this.#opening.close();
    clearTimeout(this.#timer?.timeout);
    this.#timer = undefined;
    this.#components.store.close();
  }

  #restore(): void {
    const { store, now, log } = this.#components;
    const { records, aliveAt, nextSession } = store.load();
    this.#registry.reserveNumbers(nextSession);
    for (const record of records) {
      const policy = this.#policyOf(record);
      this.#carryOut(this.#registry.restore({ record, policy }, aliveAt, now()));
    }
    this.sweep();
    const line = { event: 'sessions.restored', sessions: this.size } as const;
    if (records.length > 0) log.info(line, 'sessions of the last run restored');
  }

  #policyOf(login: AcceptedLogin): SessionPolicy {
    const { vhost, user, groups, attributes } = login;
    return this.#components.policyFor({ vhost, user, groups, backend: attributes.policy });
  }

  #closedBy(user: string, policy: SessionPolicy): Closed | undefined {
    const { quotas, now } = this.#components;
    const used = policy.quota === null ? 0 : (quotas?.used(user, policy.quota) ?? 0);
    return closedBy(policy, used, now());
  }

  #endUsed(session: Session | undefined): void {
    if (session === undefined || session.policy.quota === null) return;
    if (this.#closedBy(session.user, session.policy)?.end !== 'quota-used') return;
    this.#carryOut(this.#registry.quotaUsed(session));
  }

  #carryOut(effects: readonly SessionEffect[]): void {
    for (const effect of effects) this.#carryOutOne(effect);
    this.#arm();
  }

  #carryOutOne(effect: SessionEffect): void {
    const { store, setOwner, sendToWorker, log, observer } = this.#components;
    switch (effect.kind) {
      case 'close-tunnel': {
        const { worker, ...message } = effect;
        sendToWorker(worker, message);
        break;
      }
      case 'set-owner':
        setOwner(effect.network, effect.worker);
        break;
      case 'save':
        store.save(recordOf(effect.session));
        observer?.saved(effect.session);
        break;
      case 'delete':
        log.info(
          { event: 'session.ended', session: effect.session.session, end: effect.end },
          'session ended',
        );
        store.delete(effect.session.session);
        this.#remember(effect.session);
        observer?.ended(effect.session, effect.end);
        break;
    }
  }

  /** A client that comes back too late shall hear until when it may not. */
  #remember({ cookieHash, user, policy }: Session): void {
    const closed = this.#closedBy(user, policy);
    const until = this.#components.now() + this.#cookieLifetimeMs;
    if (closed !== undefined) this.#obituaries.add(cookieHash, closed, until);
  }

  /** One timer for the next deadline; a later deadline than its own does not move it. */
  #arm(): void {
    const at = this.#registry.nextDeadline();
    if (at === undefined || (this.#timer !== undefined && this.#timer.at <= at)) return;
    clearTimeout(this.#timer?.timeout);
    const delayMs = Math.min(Math.max(at - this.#components.now(), 0), MAX_DELAY_MS);
    const timeout = setTimeout(() => {
      this.#timer = undefined;
      this.sweep();
    }, delayMs).unref();
    this.#timer = { at, timeout };
  }

  #find(selector: PublicSelector): Session[] {
    if (!('session' in selector)) return this.#registry.find(selector);
    const { session: prefix } = selector;
    if (prefix === '') return [];
    return [...this.#registry.all()].filter(({ cookieHash }) =>
      publicIdOf(cookieHash).startsWith(prefix),
    );
  }

  #render(sessions: readonly Session[], tunnels: LiveTunnels): SessionView[] {
    return listSessions(sessions, tunnels, this.#listing);
  }
}

// The cookie is looked up by its hash: how long that takes says nothing about the cookie.
const hashCookie = (cookie: string): string => createHash('sha256').update(cookie).digest('hex');
