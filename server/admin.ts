// What the commands of the admin socket do.
import type { AdminCommand, AdminResults, AdminSession, AdminStatus } from '../core/ipc/admin.ts';
import type { PublicSelector } from '../core/session/requests.ts';
import type { SessionView } from '../core/session/view.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import type { AdminAnswer } from './admin_socket.ts';
import type { Bans } from './bans.ts';
import type { Drain } from './drain.ts';
import type { Quotas } from './quotas.ts';
import { changedKeys } from './reload.ts';
import type { Reloader } from './reloader.ts';
import type { Readiness } from './readiness.ts';
import { withLocalAddresses } from './session_listing.ts';
import type { LiveTunnels, LocalAddressFor } from './session_listing.ts';
import type { Sessions } from './sessions.ts';
import type { Statistics } from './statistics.ts';

export interface AdminComponents {
  readonly sessions: Pick<
    Sessions,
    'size' | 'connected' | 'list' | 'find' | 'disconnect' | 'terminate'
  >;
  readonly quotas: Pick<Quotas, 'reset'>;
  readonly bans: Pick<Bans, 'size' | 'banned' | 'points' | 'unban'>;
  readonly statistics: Pick<Statistics, 'read' | 'sawMtu'>;
  /** By worker: its tunnels as it sees them now; workers that do not answer are missing. */
  readonly listTunnels: (timeoutMs: Milliseconds) => Promise<LiveTunnels>;
  /** As of the last listing. */
  readonly forwardedPackets: () => number;
  readonly processes: () => Pick<AdminStatus, 'authPid' | 'workerPids'>;
  readonly readiness: Pick<Readiness, 'state' | 'drainsUntil'>;
  readonly drain: Pick<Drain, 'begin' | 'cancel'>;
  /** limits.drain as it is now; 0 = none. */
  readonly drainLimit: () => Milliseconds;
  readonly reloader: Pick<Reloader, 'reload' | 'plan'>;
  /** Begins to stop the server. */
  readonly stop: () => void;
  readonly now: () => EpochMs;
}

export interface AdminOptions {
  readonly localAddressFor: LocalAddressFor;
  readonly version: string;
  readonly startedAt: EpochMs;
}

/** A worker that is alive answers in milliseconds; nobody should wait for one that is not. */
const LISTING_TIMEOUT_MS: Milliseconds = 2_000;

export class Admin {
  private readonly components: AdminComponents;
  private readonly options: AdminOptions;

  constructor(components: AdminComponents, options: AdminOptions) {
    this.components = components;
    this.options = options;
  }

  /** Never rejects but for bugs. */
  async answer(command: Exclude<AdminCommand, { command: 'events' }>): Promise<AdminAnswer> {
    const { sessions, bans, stop } = this.components;
    switch (command.command) {
      case 'status':
        return done(await this.status());
      case 'users':
        return done(this.view(sessions.list(await this.live())).filter(isConnected));
      case 'sessions':
        return done(this.sessions(sessions.list(await this.live()), command.valid === true));
      case 'user':
        return this.details({ user: command.name });
      case 'id':
        return this.details({ id: command.session });
      case 'session':
        return this.details({ session: command.sid });
      case 'disconnect':
      case 'terminate':
        return this.end(command);
      case 'ip-bans':
        return done(bans.banned());
      case 'ip-ban-points':
        return done(bans.points());
      case 'quota-reset':
        return this.resetQuota(command.user);
      case 'unban':
        return this.unban(command.address);
      case 'reload':
        return this.reload(command.dryRun === true);
      case 'drain':
        return this.drain(command);
      case 'stop':
        // After the answer is on its way: stopping begins with closing the socket.
        setImmediate(stop);
        return done({ stopping: true });
    }
  }

  private async reload(dryRun: boolean): Promise<AdminAnswer> {
    const { reloader } = this.components;
    const plan = await (dryRun ? reloader.plan() : reloader.reload());
    if (!dryRun && plan.refusals.length > 0)
      return { ok: false, code: 'REFUSED', message: plan.refusals.join('\n') };
    return done({ dryRun, changed: changedKeys(plan), ...plan });
  }

  private drain(command: Extract<AdminCommand, { command: 'drain' }>): AdminAnswer {
    const { sessions, readiness, drain, drainLimit } = this.components;
    if (readiness.state === 'stopping')
      return { ok: false, code: 'REFUSED', message: 'the server is stopping' };
    if ('off' in command) {
      if (!drain.cancel())
        return { ok: false, code: 'REFUSED', message: 'the server is not draining' };
    } else {
      const limit = command.limit ?? drainLimit();
      drain.begin(limit === 0 ? null : limit);
    }
    const { state, drainsUntil } = readiness;
    return done({ state, until: drainsUntil, sessions: sessions.size });
  }

  private sessions(listed: readonly SessionView[], valid: boolean): readonly AdminSession[] {
    const now = this.components.now();
    const isValid = ({ expiresAt }: SessionView): boolean => expiresAt === null || expiresAt > now;
    return this.view(valid ? listed.filter(isValid) : listed);
  }

  private end({
    command,
    target,
  }: Extract<AdminCommand, { command: 'disconnect' | 'terminate' }>): AdminAnswer {
    const { sessions } = this.components;
    if ('session' in target) {
      const meant = sessions.find(target).length;
      if (meant > 1) return { ok: false, code: 'REFUSED', message: ambiguous(target, meant) };
    }
    const ended = sessions[command](target);
    return ended === 0 ? nobody(target) : done({ sessions: ended });
  }

  private async details(selector: PublicSelector): Promise<AdminAnswer> {
    const found = this.components.sessions.find(selector, await this.live());
    return found.length === 0 ? nobody(selector) : done(this.view(found));
  }

  private resetQuota(user: string): AdminAnswer {
    if (this.components.quotas.reset(user)) return done({ user });
    return { ok: false, code: 'NOT_FOUND', message: `"${user}" has used nothing of a quota` };
  }

  private unban(address: string): AdminAnswer {
    const outcome = this.components.bans.unban(address);
    if (outcome === 'invalid') {
      const message = `"${address}" is not an address: see wolfctl show ip bans`;
      return { ok: false, code: 'BAD_REQUEST', message };
    }
    if (outcome.kind === 'done') return done({ source: outcome.source });
    const message = `${outcome.source} is not banned and has no points`;
    return { ok: false, code: 'NOT_FOUND', message };
  }

  private live(): Promise<LiveTunnels> {
    return this.components.listTunnels(LISTING_TIMEOUT_MS);
  }

  private view(sessions: readonly SessionView[]): AdminSession[] {
    const { localAddressFor } = this.options;
    return sessions.map((session) => withLocalAddresses(session, localAddressFor));
  }

  private async status(): Promise<AdminStatus> {
    const { sessions, bans, statistics, readiness, forwardedPackets, processes, now } =
      this.components;
    const live = [...(await this.live()).values()].flat();
    for (const { mtu } of live) statistics.sawMtu(mtu);
    const sum = (key: 'rxBytes' | 'txBytes'): number =>
      live.reduce((total, tunnel) => total + tunnel[key], 0);
    return {
      version: this.options.version,
      startedAt: this.options.startedAt,
      now: now(),
      pid: process.pid,
      state: readiness.state,
      drainsUntil: readiness.drainsUntil,
      ...processes(),
      connected: sessions.connected,
      sessions: sessions.size,
      bans: bans.size,
      statistics: statistics.read({ rxBytes: sum('rxBytes'), txBytes: sum('txBytes') }),
      forwardedPackets: forwardedPackets(),
    };
  }
}

const isConnected = ({ state }: SessionView): boolean => state === 'connected';

const done = (result: AdminResults[AdminCommand['command']]): AdminAnswer => ({
  ok: true,
  result,
});

function nobody(selector: PublicSelector): AdminAnswer {
  const message =
    'user' in selector
      ? `"${selector.user}" has no session`
      : `there is no session ${'id' in selector ? selector.id : `"${selector.session}"`}`;
  return { ok: false, code: 'NOT_FOUND', message };
}

const ambiguous = ({ session }: { readonly session: string }, meant: number): string =>
  `"${session}" is the begin of ${meant} sessions: give more of it, see wolfctl show sessions all`;
