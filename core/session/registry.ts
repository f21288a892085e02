// The session table: the only truth about who is logged in, which address they have and which
// worker carries their tunnel [oc 10]. Each operation takes the time (and what randomness it needs)
// and returns its answer with a list of effects, which the caller carries out in their order,
// before it passes the answer on.
import type { TunnelCounters, TunnelEnd } from '../ipc/messages.ts';
import { sameHost } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import { endingOf, isTimedEnd } from '../policy/closing.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import { AddressSpace } from './address_space.ts';
import { closeTunnel, disown, own, tunnelEndOf } from './effects.ts';
import type { SessionEffect } from './effects.ts';
import { isHeldAddress, Leases } from './leases.ts';
import { carries, refuse } from './requests.ts';
import { hashName } from './name_hash.ts';
import type {
  LeaseRequest,
  Login,
  LoginOutcome,
  Open,
  OpenOutcome,
  PrepareOutcome,
  RegistryOptions,
  SessionLimits,
  SessionSelector,
  TunnelReference,
} from './requests.ts';
import { NO_TRAFFIC, addCounters, held, waiting } from './session.ts';
import type { Session, SessionEnd, SessionRecord } from './session.ts';
import { findConflict, grantOf, ownedNetworks } from './owned_networks.ts';
import { SessionPools } from './session_pools.ts';
import { SessionTable } from './table.ts';

export class SessionRegistry {
  readonly #table = new SessionTable();
  readonly pools: SessionPools;
  readonly #space: AddressSpace;
  readonly #serverNetworks: () => readonly Cidr[];
  readonly #predictable: boolean;
  #limits: SessionLimits;
  #nextSession = 1;

  constructor(options: RegistryOptions) {
    this.pools = new SessionPools(options);
    this.#space = new AddressSpace(this.pools.all);
    this.#space.reserve(options.reserved ?? []);
    this.#serverNetworks = options.serverNetworks ?? (() => []);
    this.#predictable = options.predictable;
    this.#limits = options.limits;
  }

  get size(): number {
    return this.#table.size;
  }

  /** Sessions with a tunnel. */
  get connected(): number {
    return this.#table.connected;
  }

  /** New limits hold from now on; no session is ended for them. */
  setLimits(limits: SessionLimits): void {
    this.#limits = limits;
  }

  /** From now on nobody gets these addresses by chance; who has one keeps it. */
  reserve(addresses: readonly IpAddress[]): void {
    this.#space.reserve(addresses);
  }

  get(session: number): Session | undefined {
    return this.#table.get(session);
  }

  find(selector: SessionSelector): Session[] {
    if ('user' in selector) return this.#table.ofUser(selector.user);
    const session = this.#table.get(selector.id);
    return session === undefined ? [] : [session];
  }

  all(): IterableIterator<Session> {
    return this.#table.all();
  }

  #leasesOf(session: Pick<Session, 'vhost' | 'groups'>): Leases {
    return new Leases(this.pools.of(session), this.#space);
  }

  // ─── a login was accepted ───────────────────────────────────────────────────────────────────

  login(login: Login, now: EpochMs): LoginOutcome {
    const effects = this.sweep(now);
    const displaced = this.#makeRoom(login);
    if (displaced === undefined) return { kind: 'refused', limit: 'max_sessions', effects };
    const { maxClients, cookieLifetimeMs } = this.#limits;
    if (maxClients > 0 && this.#table.size - displaced.length >= maxClients) {
      return { kind: 'refused', limit: 'max_clients', effects };
    }
    effects.push(...displaced.flatMap((session) => this.#end(session, 'displaced', false)));
    const session: Session = {
      session: this.#nextSession++,
      cookieHash: login.cookieHash,
      vhost: login.vhost,
      user: login.user,
      groups: login.groups,
      attributes: login.attributes,
      loginAt: now,
      loginAddress: login.peer.address,
      peer: login.peer,
      client: login.client,
      localAddress: '',
      inside4: null,
      inside6: null,
      openedAt: null,
      totals: NO_TRAFFIC,
      policy: login.policy,
      ending: endingOf(now, login.policy, now),
      state: { kind: 'waiting', since: now, expiresAt: now + cookieLifetimeMs },
    };
    return { kind: 'accepted', session, effects: [...effects, ...this.#keep(session)] };
  }

  /** The user's sessions that must go for one more to fit; undefined when none may. */
  #makeRoom({ user, policy: { max_sessions } }: Login): Session[] | undefined {
    const excess = this.#table.countOfUser(user) + 1 - max_sessions;
    if (max_sessions === 0 || excess <= 0) return [];
    const waiting = this.#table.ofUser(user).filter(({ state }) => state.kind === 'waiting');
    return waiting.length < excess ? undefined : waiting.slice(0, excess);
  }

  // ─── a CONNECT with a cookie ────────────────────────────────────────────────────────────────

  /**
   * Where a CONNECT has to wait for checks: leases what it needs, and lets the session live for
   * `holdMs` at least. Then follows `open`, which looks at everything anew, or `refuse`.
   */
  prepare(open: LeaseRequest, holdMs: Milliseconds, now: EpochMs): PrepareOutcome {
    const admitted = this.#admit(open, now);
    if (admitted.kind === 'refused') return admitted;
    const session = held(admitted.session, now + holdMs);
    const effects = [...admitted.effects, ...this.#keep(session)];
    const { peer, client, localAddress } = open;
    return { kind: 'prepared', session: { ...session, peer, client, localAddress }, effects };
  }

  /**
   * Other addresses from the pools in place of these, before the first tunnel of the session;
   * undefined when there are none or the session is over. The old ones stay leased until they are
   * given back. `candidate`: where the search starts.
   */
  exchange(
    id: number,
    unwanted: readonly IpAddress[],
    candidate: number,
  ): { readonly session: Session; readonly effects: SessionEffect[] } | undefined {
    const before = this.#table.get(id);
    if (before?.state.kind !== 'waiting') return undefined;
    const others = this.#leasesOf(before).exchange(before, unwanted, candidate);
    if (others === undefined) return undefined;
    const session = { ...before, ...others };
    return { session, effects: this.#keep(session) };
  }

  giveBack(addresses: readonly IpAddress[]): void {
    for (const address of addresses) this.#space.release(address);
  }

  /** A check says no: the session ends. */
  refuse(session: Session): SessionEffect[] {
    return this.#end(session, 'refused', false);
  }

  open(open: Open, now: EpochMs): OpenOutcome {
    const admitted = this.#admit(open, now);
    if (admitted.kind === 'refused') return admitted;
    const { session } = admitted;
    const inside6 = open.wantsIpv6 ? session.inside6 : null;
    const { worker, tunnel, tls, peer, client, localAddress } = open;
    const networks = ownedNetworks([session.inside4, inside6], session.policy, this.#space);
    this.#space.claim(session.policy.iroutes, session.session);
    const connected: Session = {
      ...session,
      openedAt: session.openedAt ?? now,
      peer,
      client,
      localAddress,
      state: { kind: 'connected', since: now, worker, tunnel, tls, networks },
    };
    const effects = [
      ...admitted.effects,
      ...closeTunnel(session, 'replaced', false),
      ...disown(session, networks),
      ...own(worker, networks),
      ...this.#keep(connected),
    ];
    return { kind: 'granted', grant: grantOf({ ...connected, inside6 }, this.#space), effects };
  }

  /** The session of the cookie with all addresses that this CONNECT wants, leased and not yet kept. */
  #admit(open: LeaseRequest, now: EpochMs): PrepareOutcome {
    const expired = this.sweep(now);
    const session = this.#table.byCookie(open.cookieHash);
    if (session === undefined) return refuse(401, 'unknown-cookie', expired);
    if (this.#limits.denyRoaming && !sameHost(session.loginAddress, open.peer.address)) {
      return refuse(401, 'roaming-denied', expired);
    }
    const conflict = findConflict(session, open.peer, this.#space, this.#serverNetworks);
    if (conflict !== undefined) {
      const reason = conflict.with === 'session' ? 'network-taken' : 'network-unusable';
      return { ...refuse(503, reason, expired), conflict };
    }
    const candidate = this.#predictable ? hashName(session.user) : open.random;
    const effects = [...expired, ...this.#yieldFixed(session)];
    const lease = this.#leasesOf(session).complete(session, {
      ...session.policy,
      ipv6: open.wantsIpv6,
      candidate,
    });
    if (lease.kind === 'refused') return refuse(503, lease.reason, effects);
    const { inside4, inside6 } = lease;
    return { kind: 'prepared', session: { ...session, inside4, inside6 }, effects };
  }

  /**
   * A fixed address is the person's, and the last login has it: their sessions without a tunnel
   * that still hold it end.
   */
  #yieldFixed(session: Session): SessionEffect[] {
    const { address, address6 } = session.policy;
    if (address === null && address6 === null) return [];
    return this.#table
      .ofUser(session.user)
      .filter((other) => other.session !== session.session && other.state.kind === 'waiting')
      .filter(
        (other) => isHeldAddress(other.inside4, address) || isHeldAddress(other.inside6, address6),
      )
      .flatMap((other) => this.#end(other, 'displaced', false));
  }

  // ─── what workers report ────────────────────────────────────────────────────────────────────

  /**
   * A tunnel is up. When its session was ended or moved while the worker was still opening it, the
   * order to close it came too early to be obeyed and is given again.
   */
  tunnelOpened(reference: TunnelReference): SessionEffect[] {
    const session = this.#table.get(reference.session);
    if (session !== undefined && carries(session, reference)) return [];
    const { worker, tunnel } = reference;
    const tellClient = session === undefined;
    return [{ kind: 'close-tunnel', worker, tunnel, end: 'replaced', tellClient }];
  }

  /**
   * A tunnel is gone; each worker says so once per tunnel. From one that no longer carries its
   * session, only the counters are taken.
   */
  tunnelClosed(
    reference: TunnelReference & { readonly end: TunnelEnd; readonly counters: TunnelCounters },
    now: EpochMs,
  ): SessionEffect[] {
    const before = this.#table.get(reference.session);
    if (before === undefined) return [];
    const session = { ...before, totals: addCounters(before.totals, reference.counters) };
    if (!carries(before, reference)) return this.#keep(session);
    return [
      ...this.#disown(before),
      ...(this.#endsSession(reference.end)
        ? this.#end(waiting(session, now, 0), reference.end, false)
        : this.#wait(session, now)),
    ];
  }

  #endsSession(end: TunnelEnd): boolean {
    if (end === 'user-disconnect') return !this.#limits.persistentCookies;
    return isTimedEnd(end);
  }

  /** A worker is dead: its clients may come back, to another one, for as long as a cookie lives. */
  workerGone(worker: number, now: EpochMs): SessionEffect[] {
    return this.#table
      .connectedOn(worker)
      .flatMap((session) => [...this.#disown(session), ...this.#wait(session, now)]);
  }

  // ─── administrators and goodbyes ────────────────────────────────────────────────────────────

  /** Drops the tunnel; the cookie stays good and the client comes back [oc 10]. */
  disconnect(session: Session, now: EpochMs): SessionEffect[] {
    if (session.state.kind === 'waiting') return [];
    return [
      ...closeTunnel(session, 'admin', false),
      ...this.#disown(session),
      ...this.#wait(session, now),
    ];
  }

  /** Ends the session: its cookie is worth nothing from now on. */
  terminate(session: Session): SessionEffect[] {
    return this.#end(session, 'admin', true);
  }

  ofCookie(cookieHash: string): Session | undefined {
    return this.#table.byCookie(cookieHash);
  }

  policyOf(cookieHash: string): SessionPolicy | undefined {
    return this.#table.byCookie(cookieHash)?.policy;
  }

  /** The user has used up what the policy allows. */
  quotaUsed(session: Session): SessionEffect[] {
    return this.#end(session, 'quota-used', true);
  }

  logout(cookieHash: string): SessionEffect[] {
    const session = this.#table.byCookie(cookieHash);
    return session === undefined ? [] : this.#end(session, 'logout', true);
  }

  // ─── time ───────────────────────────────────────────────────────────────────────────────────

  nextDeadline(): EpochMs | undefined {
    return this.#table.nextDeadline();
  }

  /** Ends every session whose time is up. */
  sweep(now: EpochMs): SessionEffect[] {
    const effects: SessionEffect[] = [];
    for (let due = this.#table.due(now); due !== undefined; due = this.#table.due(now)) {
      const { ending } = due;
      const timedOut = ending !== null && ending.at <= now;
      effects.push(...this.#end(due, timedOut ? ending.end : 'expired', timedOut));
    }
    return effects;
  }

  // ─── restart ────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes over the sessions of an earlier run, oldest first. The time between `aliveAt`, when that
   * run was last known to live, and now does not count against a cookie: its owner had no server
   * to come back to. session_timeout goes on counting.
   */
  restore(
    saved: { readonly record: SessionRecord; readonly policy: SessionPolicy },
    aliveAt: EpochMs,
    now: EpochMs,
  ): SessionEffect[] {
    const { expiresAt, ...facts } = saved.record;
    const lifetimeMs = this.#limits.cookieLifetimeMs;
    const leftMs = expiresAt === null ? lifetimeMs : Math.min(expiresAt - aliveAt, lifetimeMs);
    this.#nextSession = Math.max(this.#nextSession, facts.session + 1);
    const session: Session = {
      ...facts,
      localAddress: '',
      ...this.#leasesOf(facts).adopt(facts, saved.policy),
      policy: saved.policy,
      ending: endingOf(facts.loginAt, saved.policy, now),
      state: { kind: 'waiting', since: now, expiresAt: now + leftMs },
    };
    return this.#keep(session);
  }

  /** No session gets a number below this one. */
  reserveNumbers(below: number): void {
    this.#nextSession = Math.max(this.#nextSession, below);
  }

  // ─── the three ways on ──────────────────────────────────────────────────────────────────────

  #keep(session: Session): SessionEffect[] {
    this.#table.put(session);
    return [{ kind: 'save', session }];
  }

  /** Its tunnel is gone: what lies behind the client may be another session's. */
  #disown(session: Session): SessionEffect[] {
    if (session.state.kind === 'connected') this.#space.unclaim(session.policy.iroutes);
    return disown(session);
  }

  #wait(session: Session, now: EpochMs): SessionEffect[] {
    return this.#keep(waiting(session, now, this.#limits.cookieLifetimeMs));
  }

  #end(session: Session, end: SessionEnd, tellClient: boolean): SessionEffect[] {
    this.#table.delete(session);
    for (const address of [session.inside4, session.inside6]) {
      if (address !== null) this.#space.release(address);
    }
    return [
      ...closeTunnel(session, tunnelEndOf(end), tellClient),
      ...this.#disown(session),
      { kind: 'delete', session, end },
    ];
  }
}
