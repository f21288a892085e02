// One RADIUS server: a request goes out, again and again with the same identifier and authenticator,
// until its reply comes or its time is up. A server that is silent is left alone for a while:
//
//   answers ── silence for a whole timeout ──► dead for DEAD_MS ──► one request tries again
//      ▲                                                              │ silence: dead once more
//      └────────────────────────── a reply that is right ◄────────────┘
import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { RadiusServer as RadiusServerName } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import { verifyReply } from '../../core/radius/authenticity.ts';
import type { SentRequest } from '../../core/radius/authenticity.ts';
import type { Packet } from '../../core/radius/packet.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import { DIGESTS } from './radius_digests.ts';
import { RadiusSocket } from './radius_socket.ts';

export interface RadiusServerComponents {
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly now: () => EpochMs;
}

export interface RadiusServerOptions {
  readonly name: RadiusServerName;
  /** How long a reply is waited for. */
  readonly timeoutMs: Milliseconds;
  readonly requireMessageAuthenticator: boolean;
}

/** The request under an identifier of the server's choice, signed with `secret`. */
export type MakeRequest = (identifier: number) => SentRequest;

/** 'silent': no reply that could be trusted. 'busy': too many requests wait already. */
export type Exchange = Packet | 'silent' | 'busy';

/** As long as a restart takes; a login that tries in vain costs its person `timeoutMs`. */
const DEAD_MS: Milliseconds = 30_000;
/** 16,384 requests at once: more than logins wait in the whole server. */
const MAX_SOCKETS = 64;
/** Doubled each time. */
const FIRST_RETRY_MS: Milliseconds = 1000;
/** A quarter of short timeouts, so that each has a second and a third chance. */
const retryAfter = (timeoutMs: Milliseconds): Milliseconds =>
  Math.min(FIRST_RETRY_MS, timeoutMs / 4);

export class RadiusServer {
  readonly #components: RadiusServerComponents;
  readonly #options: RadiusServerOptions;
  readonly #sockets: RadiusSocket[] = [];
  /** The address that the sockets lead to. */
  #address: string | undefined;
  #deadUntil: EpochMs | undefined;
  readonly #hinted = new Set<string>();
  #closing = false;

  constructor(components: RadiusServerComponents, options: RadiusServerOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Whether somebody should ask it; whoever does ask a dead one is the one who tries it out. */
  get isDead(): boolean {
    return this.#deadUntil !== undefined && this.#components.now() < this.#deadUntil;
  }

  /** Never rejects; an aborted exchange is silent, which the server is not blamed for. */
  async exchange(make: MakeRequest, secret: Uint8Array, signal: AbortSignal): Promise<Exchange> {
    const { now } = this.#components;
    // Others pass this one by until it is known whether it answers again.
    if (this.#deadUntil !== undefined) this.#deadUntil = now() + this.#options.timeoutMs;
    const address = await this.#resolve();
    if (address === undefined) return this.#silent(signal);
    const socket = this.#socketTo(address);
    if (socket === undefined) return 'busy';
    const reply = await this.#ask(socket, make, secret, signal);
    this.#tidy(socket);
    return reply === undefined ? this.#silent(signal) : this.#alive(reply);
  }

  /** Exchanges that are under way go on to their end. */
  close(): void {
    this.#closing = true;
    for (const socket of this.#sockets.filter(({ isIdle }) => isIdle)) this.#drop(socket);
  }

  #ask(
    socket: RadiusSocket,
    make: MakeRequest,
    secret: Uint8Array,
    signal: AbortSignal,
  ): Promise<Packet | undefined> {
    const { timeoutMs, requireMessageAuthenticator } = this.#options;
    const rules = { secret, requireMessageAuthenticator };
    const { promise, resolve } = Promise.withResolvers<Packet | undefined>();
    const onReply = (bytes: Uint8Array): void => {
      const verified = verifyReply(bytes, request, rules, DIGESTS);
      if (verified.kind === 'sound') resolve(verified.packet);
      else if (verified.kind !== 'malformed') this.#hint(HINTS[verified.kind]);
    };
    const identifier = socket.acquire({ onReply });
    const request = make(identifier);
    const stopSending = repeat(() => socket.send(request.bytes), retryAfter(timeoutMs));
    const giveUp = (): void => resolve(undefined);
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    return promise.finally(() => {
      stopSending();
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.release(identifier);
    });
  }

  /** A name is asked for anew each time: the resolver of the system knows how long it holds. */
  async #resolve(): Promise<string | undefined> {
    const { host } = this.#options.name;
    if (isIP(host) !== 0) return host;
    try {
      return (await lookup(host)).address;
    } catch {
      this.#hint('its name cannot be resolved');
      return undefined;
    }
  }

  #socketTo(address: string): RadiusSocket | undefined {
    if (address !== this.#address) {
      // Those to the old address end with what waits on them.
      const old = this.#sockets.splice(0);
      for (const socket of old) this.#tidy(socket);
      this.#address = address;
    }
    const free = this.#sockets.find(({ isFull, isBroken }) => !isFull && !isBroken);
    if (free !== undefined || this.#sockets.length >= MAX_SOCKETS) return free;
    const { port } = this.#options.name;
    const socket = new RadiusSocket({ address, port }, randomInt(256));
    this.#sockets.push(socket);
    return socket;
  }

  /** Closes a socket that waits for nothing, unless it is the one to keep for the next request. */
  #tidy(socket: RadiusSocket): void {
    if (!socket.isIdle) return;
    const [kept, ...others] = this.#sockets;
    const isLast = socket === kept && others.length === 0;
    if (this.#closing || !isLast || socket.isBroken) this.#drop(socket);
  }

  #drop(socket: RadiusSocket): void {
    const index = this.#sockets.indexOf(socket);
    if (index >= 0) this.#sockets.splice(index, 1);
    socket.close();
  }

  #alive(reply: Packet): Packet {
    if (this.#deadUntil !== undefined) {
      this.#components.logger.warn(
        { event: 'radius.server_up', server: this.#label },
        'RADIUS server answers again',
      );
    }
    this.#deadUntil = undefined;
    this.#hinted.clear();
    return reply;
  }

  #silent(signal: AbortSignal): 'silent' {
    if (signal.aborted) return 'silent';
    if (this.#deadUntil === undefined) {
      this.#components.logger.warn(
        { event: 'radius.server_down', server: this.#label },
        'RADIUS server does not answer: it is down, does not know this machine as a client, or has another secret',
      );
    }
    this.#deadUntil = this.#components.now() + DEAD_MS;
    return 'silent';
  }

  /** Once, until the server has given a reply that is right. */
  #hint(hint: string): void {
    if (this.#hinted.has(hint)) return;
    this.#hinted.add(hint);
    this.#components.logger.error(
      { event: 'radius.server_unusable', server: this.#label, hint },
      'RADIUS server cannot be used',
    );
  }

  get #label(): string {
    const { host, port } = this.#options.name;
    return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  }
}

const HINTS = {
  forged: 'its reply is not signed with our secret: compare auth.radius.secret_file with its own',
  unsigned:
    'its reply has no Message-Authenticator and could be forged (CVE-2024-3596): update the server ' +
    'or make it send one; auth.radius.require_message_authenticator = false takes such replies',
} as const;

/** At once and after 1, 3, 7 … times the delay, until the function that it returns is called. */
function repeat(action: () => void, delayMs: Milliseconds): () => void {
  let timer: NodeJS.Timeout;
  const run = (nextMs: Milliseconds): void => {
    action();
    timer = setTimeout(() => run(nextMs * 2), nextMs);
  };
  run(delayMs);
  return () => clearTimeout(timer);
}
