// Turns requests into login steps for the primary, and its replies into documents [oc 4].
import type { IncomingHttpHeaders } from 'node:http';
import { clientFacts } from '../core/auth/client_facts.ts';
import { lastWord } from '../core/auth_dialogue/forms.ts';
import { parseLoginBody } from '../core/auth/config_auth.ts';
import type { Device } from '../core/auth/config_auth.ts';
import {
  renderAuthRequest,
  renderComplete,
  renderLoggedOut,
} from '../core/auth/config_auth_answer.ts';
import {
  clearedSessionCookie,
  configCookies,
  dialogueCookie,
  parseCookies,
  sessionCookie,
} from '../core/auth/cookies.ts';
import { headerText } from '../core/connect/connect_request.ts';
import {
  COOKIE_REFUSED,
  document,
  notFound,
  refusal,
  turnedAwayHeaders,
  unavailable,
  withCookies,
} from '../core/http/answer.ts';
import type { HttpAnswer } from '../core/http/answer.ts';
import { loggedOutPage, phoneLoggedIn, routeOf } from '../core/http/routes.ts';
import type {
  ClientFacts,
  LoginReply,
  LoginRequest,
  WorkerSettings,
} from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import type { HttpRequest } from './http_server.ts';
import type { PrimaryChannel } from './primary_channel.ts';

export interface LoginHandlerComponents {
  readonly channel: Pick<PrimaryChannel, 'login' | 'profile' | 'tell'>;
  readonly settings: () => Pick<WorkerSettings, 'cookieLifetimeMs' | 'camouflage'>;
  /** SHA-1 of the server certificate, upper-case hex [oc 3]. */
  readonly certificateSha1: (vhost: string) => string;
  readonly log: Logger;
}

export class LoginHandler {
  readonly #components: LoginHandlerComponents;

  constructor(components: LoginHandlerComponents) {
    this.#components = components;
  }

  /** Every request but CONNECT. */
  async handle(request: HttpRequest): Promise<HttpAnswer> {
    // Who has a session, or says so, is judged by what becomes of CONNECT.
    if (parseCookies(request.headers.cookie).session !== null) request.excuse();
    const { kind } = factsOf(request.headers);
    const route = routeOf(request.method, request.target, kind);
    switch (route.kind) {
      case 'fixed':
        return route.answer;
      case 'logout':
        this.#logout(parseCookies(request.headers.cookie).session);
        return loggedOutPage(clearedSessionCookie());
      case 'profile':
        return this.#profile(parseCookies(request.headers.cookie).session);
      case 'form':
        return this.#step(request, factsOf(request.headers), {
          kind: 'start',
          group: null,
          urlGroup: route.group,
        });
      case 'login':
        return this.#post(request, route.group);
      case 'phone-login':
        return this.#phone(request);
    }
  }

  async #post(request: HttpRequest, urlGroup: string | null): Promise<HttpAnswer> {
    const sent = parseLoginBody(request.body);
    switch (sent.kind) {
      case 'invalid':
        this.#components.log.debug({ reason: sent.reason }, 'a login document was refused');
        return refusal(400, 'Bad Request');
      case 'logout': {
        const { kind } = factsOf(request.headers);
        this.#logout(sent.sessionToken ?? parseCookies(request.headers.cookie).session);
        return xmlDocument(renderLoggedOut(kind), [clearedSessionCookie()]);
      }
      case 'init': {
        const client = factsOf(request.headers, sent.device);
        const step = { kind: 'start', group: sent.group } as const;
        return this.#step(request, client, { ...step, urlGroup: urlGroup ?? sent.urlGroup });
      }
      case 'reply': {
        const client = factsOf(request.headers, sent.device);
        const { fields, group } = sent;
        // A wrong password has its own price.
        request.excuse();
        return this.#step(request, client, { kind: 'reply', fields, group, urlGroup });
      }
    }
  }

  /** It shows no forms: it is in, or it is not [oc 4.9]. */
  async #phone(request: HttpRequest): Promise<HttpAnswer> {
    const sent = parseLoginBody(request.body);
    if (sent.kind !== 'reply') return refusal(400, 'Bad Request');
    request.excuse();
    const { fields } = sent;
    const step = { kind: 'reply', fields, group: null, urlGroup: null } as const;
    const reply = await this.#ask(request, factsOf(request.headers), step);
    if (reply.kind === 'complete') return phoneLoggedIn(sessionCookie(reply.cookie));
    if (reply.kind === 'unavailable' || reply.kind === 'turned-away')
      return unavailable(reply.reason);
    return refusal(401, reply.kind === 'failed' ? reply.reason : 'Authentication failed');
  }

  async #step(
    request: HttpRequest,
    client: ClientFacts,
    step: LoginRequest['step'],
  ): Promise<HttpAnswer> {
    const reply = await this.#ask(request, client, step);
    if (reply.kind === 'turned-away') {
      const isProgram = request.method === 'POST' || client.kind !== 'unknown';
      return turnedAway(reply.reason, isProgram, client);
    }
    return this.#render(reply, client, request.info.host);
  }

  async #ask(
    { headers, info, excuse }: HttpRequest,
    client: ClientFacts,
    step: LoginRequest['step'],
  ): Promise<LoginReply> {
    const { dialogue } = parseCookies(headers.cookie);
    const peer = { address: info.peerAddress, port: info.peerPort };
    // Not the name that was asked for: the certificate was checked for the host that answered.
    const vhost = info.host;
    const certificate = info.clientCertificate;
    const reply = await this.#components.channel.login({
      dialogue,
      step,
      client,
      peer,
      vhost,
      certificate,
    });
    const excused = ['complete', 'unavailable', 'turned-away'];
    if (excused.includes(reply.kind)) excuse();
    return reply;
  }

  #render(
    reply: Exclude<LoginReply, { kind: 'turned-away' }>,
    client: ClientFacts,
    vhost: string,
  ): HttpAnswer {
    const { cookieLifetimeMs, camouflage } = this.#components.settings();
    const maxAgeSeconds = Math.ceil(cookieLifetimeMs / 1000);
    switch (reply.kind) {
      case 'form':
        return xmlDocument(renderAuthRequest(reply.form, client.kind, camouflage.secret), [
          dialogueCookie(reply.dialogue, maxAgeSeconds),
        ]);
      case 'complete':
        return xmlDocument(renderComplete(reply.banner, client.kind, reply.profile), [
          dialogueCookie(null, 0),
          sessionCookie(reply.cookie),
          ...configCookies(this.#components.certificateSha1(vhost), reply.profile),
        ]);
      case 'failed':
        return refusal(401, reply.reason);
      case 'unavailable':
        return unavailable(reply.reason);
    }
  }

  async #profile(cookie: string | null): Promise<HttpAnswer> {
    if (cookie === null) return notFound();
    const reply = await this.#components.channel.profile(cookie);
    switch (reply.kind) {
      case 'profile':
        return document('text/xml; charset=utf-8', reply.xml);
      case 'none':
        return notFound();
      case 'unknown-cookie':
        return COOKIE_REFUSED;
    }
  }

  #logout(cookie: string | null): void {
    if (cookie !== null) this.#components.channel.tell({ kind: 'logout', cookie });
  }
}

/**
 * A VPN client shows a document to its person, and of a 503 the number at the most [oc 4.12];
 * browsers and probes hear the 503.
 */
function turnedAway(reason: string, isVpnClient: boolean, { kind }: ClientFacts): HttpAnswer {
  const answer = isVpnClient
    ? xmlDocument(renderAuthRequest(lastWord(reason), kind), [dialogueCookie(null, 0)])
    : refusal(503, 'Service Unavailable');
  return {
    ...answer,
    headers: [...answer.headers, ...turnedAwayHeaders(reason)],
    connection: 'close',
  };
}

/** The client's own word about itself; a login document says more than the headers do. */
export function factsOf(headers: IncomingHttpHeaders, device?: Device): ClientFacts {
  const platform = headerText(headers, 'x-anyconnect-identifier-platform');
  const deviceType = headerText(headers, 'x-anyconnect-identifier-devicetype');
  const hostname = headerText(headers, 'x-cstp-hostname');
  const license = headerText(headers, 'x-cstp-license');
  return clientFacts({
    license,
    userAgent: headers['user-agent'] ?? '',
    platform: platform === '' ? (device?.platform ?? '') : platform,
    deviceType: deviceType === '' ? (device?.deviceType ?? '') : deviceType,
    hostname: hostname === '' ? (device?.computerName ?? '') : hostname,
  });
}

function xmlDocument(body: string, cookies: readonly string[]): HttpAnswer {
  const answer = document('text/xml; charset=utf-8', body);
  const headers = [...answer.headers, ['X-Transcend-Version', '1']] as const;
  return withCookies({ ...answer, headers }, cookies);
}
