// Who may see that this is a VPN server [oc 2.5]: whoever's URL carries the secret as its whole
// query, and whoever has a session already, since some clients drop the query after the login
// (ocserv #544). All others are strangers and get what a plain web site would give them.
//
// Strangers must not learn anything from the time either. Whether there is such a session only the
// primary knows, and so it is asked at every request of a stranger, with or without a cookie.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseCookies } from '../core/auth/cookies.ts';
import type { HttpAnswer } from '../core/http/answer.ts';
import { closedDoor, disguised, noProxy } from '../core/http/plain_site.ts';
import type { PlainSite } from '../core/http/plain_site.ts';
import type { WorkerSettings } from '../core/ipc/messages.ts';
import type { EpochMs } from '../core/units.ts';
import type { PrimaryChannel } from './primary_channel.ts';

export interface CamouflageComponents {
  readonly channel: Pick<PrimaryChannel, 'checkCookie'>;
  readonly settings: () => WorkerSettings['camouflage'];
  readonly extraHeaders: () => HttpAnswer['headers'];
  readonly now: () => EpochMs;
}

/** As long as a cookie of ours, and none: asking for it takes as long as for any other. */
const NO_COOKIE = '-'.repeat(64);

export class Camouflage {
  readonly #components: CamouflageComponents;

  constructor(components: CamouflageComponents) {
    this.#components = components;
  }

  get isOn(): boolean {
    return this.#components.settings().secret !== '';
  }

  /** How long this takes says nothing about the secret. */
  hasSecret(target: string): boolean {
    const question = target.indexOf('?');
    const query = question < 0 ? '' : target.slice(question + 1);
    return timingSafeEqual(digest(query), digest(this.#components.settings().secret));
  }

  /** Undefined for a request with the cookie of a session; else the answer for a stranger. */
  async judge(request: IncomingMessage): Promise<HttpAnswer | undefined> {
    const cookie = parseCookies(request.headers.cookie).session ?? '';
    const asked = /^[0-9a-f]{64}$/.test(cookie) ? cookie : NO_COOKIE;
    if (await this.#components.channel.checkCookie(asked)) return undefined;
    if (request.method === 'CONNECT') return this.noProxy();
    const isSound = request.httpVersion !== '1.1' || request.headers.host !== undefined;
    return isSound ? closedDoor(this.#site()) : this.disguise(400);
  }

  /** For CONNECT, whatever was wrong with it. */
  noProxy(): HttpAnswer {
    return noProxy(this.#site());
  }

  /** In the place of our own refusal with that status. */
  disguise(status: number): HttpAnswer {
    return disguised(status, this.#site());
  }

  #site(): PlainSite {
    const { settings, extraHeaders, now } = this.#components;
    const date = new Date(now()).toUTCString();
    return { realm: settings().realm, date, extraHeaders: extraHeaders() };
  }
}

/** Of one length, whatever was sent. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
