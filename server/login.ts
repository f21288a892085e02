// A login from the worker's request to its reply: the auth process says who it is, the session
// table makes the session and its cookie.
import { lastWord } from '../core/auth_dialogue/forms.ts';
import type { AuthOutcome, LoginReply, LoginRequest, ProfileNotice } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import type { SessionPolicy } from '../core/policy/policy.ts';
import type { AdminEvents } from './admin_events.ts';
import type { Bans } from './bans.ts';
import type { Meter } from './metrics/meter.ts';
import type { Readiness } from './readiness.ts';
import { TURNED_AWAY } from './refusals.ts';
import type { Sessions } from './sessions.ts';
import type { Statistics } from './statistics.ts';

export interface LoginComponents {
  readonly auth: { login(request: LoginRequest): Promise<AuthOutcome> };
  readonly bans: Pick<Bans, 'isBanned' | 'isSuspect' | 'loginRefused'>;
  readonly sessions: Pick<Sessions, 'login'>;
  readonly readiness: Pick<Readiness, 'state'>;
  readonly profileOf: (policy: SessionPolicy) => ProfileNotice | undefined;
  readonly statistics: Pick<Statistics, 'loginAnswered'>;
  readonly events: Pick<AdminEvents, 'loginRefused'>;
  readonly meter: Pick<Meter, 'loginAnswered'>;
  readonly logger: Logger;
}

/** Never rejects: what nobody expected is our bug, and the client hears "try again later". */
export async function answerLogin(
  components: LoginComponents,
  request: LoginRequest,
): Promise<LoginReply> {
  const { auth, bans, readiness, statistics, events, meter, logger } = components;
  const began = performance.now();
  // A dialogue that began before the drain ends here too: its session would not last.
  if (readiness.state === 'draining' || readiness.state === 'stopping') {
    logger.info(
      { event: 'login.refused', reason: 'draining' },
      'login refused: the server is draining',
    );
    const reply = { kind: 'turned-away', reason: TURNED_AWAY } as const;
    meter.loginAnswered(reply, { refused: false, banned: false }, performance.now() - began);
    return reply;
  }
  let reply: LoginReply;
  let refused = false;
  let banned = false;
  try {
    const { address } = request.peer;
    // Asked on both sides of the check: of the attempts that are under way when the ban falls, none
    // may still be lucky.
    const outcome = bans.isBanned(address)
      ? BANNED
      : await auth.login({ ...request, suspect: bans.isSuspect(address) });
    refused = 'refused' in outcome && outcome.refused;
    banned = bans.isBanned(address);
    if (banned) reply = replyTo(BANNED);
    else if (outcome.kind === 'accepted') reply = openSession(outcome, request, components);
    else reply = replyTo(outcome);
    if (refused) {
      logger.info(
        { event: 'login.refused', reason: 'credentials' },
        'login refused: wrong credentials',
      );
      bans.loginRefused(address);
    }
  } catch (error) {
    logger.error({ event: 'login.bug', err: error }, 'a login failed by a bug of the server');
    reply = { kind: 'unavailable', reason: 'The server has a problem; try again later.' };
  }
  statistics.loginAnswered(reply, refused);
  if (refused) events.loginRefused(request.peer, request.vhost);
  meter.loginAnswered(reply, { refused, banned }, performance.now() - began);
  return reply;
}

/** For connections that were open before the ban; it costs no further points. */
const BANNED = {
  kind: 'failed',
  reason: 'Too many failed logins from this address; try again later',
  refused: false,
} as const;

/** Without what only the primary may know. */
function replyTo(outcome: Exclude<AuthOutcome, { kind: 'accepted' }>): LoginReply {
  switch (outcome.kind) {
    case 'form':
      return { kind: 'form', dialogue: outcome.dialogue, form: outcome.form };
    case 'failed':
      return { kind: 'failed', reason: outcome.reason };
    case 'unavailable':
      return outcome;
  }
}

function openSession(
  accepted: Extract<AuthOutcome, { kind: 'accepted' }>,
  { peer, client, vhost }: LoginRequest,
  { sessions, profileOf }: LoginComponents,
): LoginReply {
  const result = sessions.login({ ...accepted, vhost }, { peer, client });
  switch (result.kind) {
    case 'refused':
      return { kind: 'unavailable', reason: result.reason };
    case 'closed':
      return { kind: 'form', dialogue: null, form: lastWord(result.reason) };
    case 'accepted': {
      const { cookie, policy } = result;
      const profile = profileOf(policy);
      return {
        kind: 'complete',
        cookie,
        banner: policy.banner,
        ...(profile !== undefined && { profile: { name: profile.name, sha1: profile.sha1 } }),
      };
    }
  }
}
