// A login from the worker's request to its reply: the auth process says who it is, the session
// table makes the session and its cookie.
import type { Logger } from 'pino';
import type { AuthOutcome, LoginReply, LoginRequest } from '../core/ipc/messages.ts';
import type { Sessions } from './sessions.ts';
import type { Statistics } from './statistics.ts';

export interface LoginComponents {
  readonly auth: { login(request: LoginRequest): Promise<AuthOutcome> };
  readonly sessions: Pick<Sessions, 'login'>;
  readonly statistics: Pick<Statistics, 'loginAnswered'>;
  readonly logger: Logger;
}

/** Never rejects: what nobody expected is our bug, and the client hears "try again later". */
export async function answerLogin(
  { auth, sessions, statistics, logger }: LoginComponents,
  request: LoginRequest,
): Promise<LoginReply> {
  let reply: LoginReply;
  let refused = false;
  try {
    const outcome = await auth.login(request);
    refused = 'refused' in outcome && outcome.refused;
    reply =
      outcome.kind === 'accepted' ? openSession(outcome, request, sessions) : replyTo(outcome);
  } catch (error) {
    logger.error({ err: error }, 'a login failed by a bug of the server');
    reply = { kind: 'unavailable', reason: 'The server has a problem; try again later.' };
  }
  statistics.loginAnswered(reply, refused);
  return reply;
}

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
  sessions: LoginComponents['sessions'],
): LoginReply {
  const result = sessions.login({ ...accepted, vhost }, { peer, client });
  return result.kind === 'refused'
    ? { kind: 'unavailable', reason: result.reason }
    : { kind: 'complete', cookie: result.cookie, banner: result.banner };
}
