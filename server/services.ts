// What workers ask for, carried out: logins by the auth process, everything else by the sessions.
import type { OpenTunnelReply } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import type { SessionPolicy } from '../core/policy/policy.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import type { AdminEvents } from './admin_events.ts';
import type { Bans } from './bans.ts';
import { answerLogin } from './login.ts';
import type { LoginComponents } from './login.ts';
import type { Meter } from './metrics/meter.ts';
import type { Profile } from './profiles.ts';
import type { Sessions } from './sessions.ts';
import type { Statistics } from './statistics.ts';
import type { Steering } from './steering.ts';
import type { Urgency } from './urgency.ts';
import type { Report, WorkerServices } from './worker_link.ts';

export interface ServicesComponents {
  readonly auth: LoginComponents['auth'];
  readonly bans: Pick<Bans, 'isBanned' | 'isSuspect' | 'loginRefused' | 'connectsFailed'>;
  readonly sessions: Sessions;
  readonly readiness: LoginComponents['readiness'];
  readonly profileOf: (policy: SessionPolicy) => Profile | undefined;
  readonly statistics: Statistics;
  readonly events: Pick<AdminEvents, 'workerGone' | 'loginRefused'>;
  readonly meter: Pick<Meter, 'loginAnswered' | 'tunnelOpened'>;
  readonly steering: Pick<Steering, 'setEndpoints' | 'workerGone'>;
  readonly urgency: Pick<Urgency, 'grant'>;
  readonly logger: Logger;
  readonly now: () => EpochMs;
}

export function buildServices(components: ServicesComponents): WorkerServices {
  const { bans, sessions, statistics, events, meter, steering, urgency, now } = components;
  return {
    login: (request) =>
      statistics.loginTimes.measure(request, () => answerLogin(components, request), now),
    openTunnel: (...asked) => openTunnel(asked, components),
    knowsCookie: (cookie) => sessions.knows(cookie),
    profile: (cookie) => {
      const policy = sessions.policyOf(cookie);
      if (policy === undefined) return { kind: 'unknown-cookie' };
      const profile = components.profileOf(policy);
      return profile === undefined ? { kind: 'none' } : { kind: 'profile', xml: profile.xml };
    },
    logout: (cookie) => sessions.logout(cookie),
    tunnelOpened: (worker, message) => {
      statistics.tunnelOpened();
      meter.tunnelOpened();
      sessions.tunnelOpened(worker, message);
    },
    tunnelClosed: (worker, message) => {
      const lastedMs = lifetimeOf(worker, message, components);
      statistics.tunnelClosed(message.end, message.counters, lastedMs);
      sessions.tunnelClosed(worker, message);
    },
    endpointsChanged: (worker, { changes }) => steering.setEndpoints(worker, changes),
    packetsCalm: (worker, { thread }) => urgency.grant(worker, thread),
    connectsFailed: ({ counts }) => bans.connectsFailed(counts),
    workerGone: (worker) => {
      steering.workerGone(worker);
      events.workerGone(worker);
      sessions.workerGone(worker);
    },
  };
}

/** A bug of ours must not leave the client without an answer: it would wait and not come back. */
function openTunnel(
  asked: Parameters<WorkerServices['openTunnel']>,
  { sessions, logger }: ServicesComponents,
): OpenTunnelReply | Promise<OpenTunnelReply> {
  const fail = (error: unknown): OpenTunnelReply => {
    logger.error({ event: 'tunnel.grant_failed', err: error }, 'a tunnel could not be granted');
    return { kind: 'refused', status: 503, reason: 'The server has a problem: try again later' };
  };
  try {
    const reply = sessions.open(...asked);
    return reply instanceof Promise ? reply.catch(fail) : reply;
  } catch (error) {
    return fail(error);
  }
}

/** Undefined for a tunnel that no longer carries its session. */
function lifetimeOf(
  worker: number,
  { session, tunnel }: Report<'tunnel-closed'>,
  { sessions, now }: ServicesComponents,
): Milliseconds | undefined {
  const since = sessions.connectedSince({ worker, session, tunnel });
  return since === undefined ? undefined : now() - since;
}
