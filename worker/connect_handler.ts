// From CONNECT to a tunnel [oc 5]:
//
//   1. the cookie goes to the primary, which grants a lease and a policy or refuses
//   2. hold: the engine passes no more plaintext and says how much it has passed
//   3. what the client sent behind CONNECT is read, to the last of those bytes
//   4. earlier answers leave the socket, to the last byte
//   5. openTunnel: the engine writes the answer and owns the connection
//   6. only when the engine says "opened" is the socket destroyed: earlier it would see an EOF
//
// The connection may die, and the primary may withdraw its grant, between any two of them.
import { parseCookies } from '../core/auth/cookies.ts';
import { parseConnectHeaders } from '../core/connect/connect_request.ts';
import { COOKIE_REFUSED, unavailable } from '../core/http/answer.ts';
import type { TunnelEnd, WorkerSettings } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import type { EpochMs } from '../core/units.ts';
import type { Engine, EngineEvent } from '../native/engine.ts';
import { Attempt } from './attempt.ts';
import type { FailedConnects } from './failed_connects.ts';
import type { ConnectRequest } from './http_server.ts';
import { factsOf } from './login_handler.ts';
import type { PolicyShelf } from './policy_shelf.ts';
import type { PrimaryChannel } from './primary_channel.ts';
import { mayUseIpv6, planTunnel } from './tunnel_plan.ts';
import type { Tunnels } from './tunnels.ts';

export interface ConnectHandlerComponents {
  readonly engine: Pick<Engine, 'hold' | 'openTunnel' | 'closeTunnel'>;
  readonly channel: Pick<PrimaryChannel, 'openTunnel'>;
  readonly tunnels: Pick<Tunnels, 'granted' | 'compressed' | 'opened' | 'closed'>;
  readonly failures: Pick<FailedConnects, 'note'>;
  readonly shelf: Pick<PolicyShelf, 'listsOf'>;
  readonly settings: () => WorkerSettings;
  readonly now: () => EpochMs;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Logger;
}

/** The engine's news that concern CONNECT and tunnels. */
export type TunnelEvent = Extract<
  EngineEvent,
  { type: 'held' | 'connection-closed' | 'tunnel-opened' | 'tunnel-closed' }
>;

export class ConnectHandler {
  readonly #components: ConnectHandlerComponents;
  readonly #worker: number;
  readonly #attempts = new Map<number, Attempt>();

  constructor(components: ConnectHandlerComponents, options: { readonly worker: number }) {
    this.#components = components;
    this.#worker = options.worker;
  }

  handle(request: ConnectRequest): void {
    const cookie = parseCookies(request.headers.cookie).session;
    if (cookie === null) {
      this.#refuseCookie(request);
      return;
    }
    const tunnel = request.info.connection;
    const attempt = new Attempt(request.socket, request.head);
    this.#attempts.set(tunnel, attempt);
    request.socket.once('close', () => {
      if (attempt.stage === 'ours') this.#giveUp(tunnel, 'lost');
    });
    this.#open(request, attempt, cookie).catch((error: unknown) => {
      this.#components.log.error(
        { event: 'tunnel.open_failed', err: error, tunnel },
        'a tunnel could not be opened',
      );
      this.#giveUp(tunnel, 'lost');
    });
  }

  handleEvent(event: TunnelEvent): void {
    switch (event.type) {
      case 'held':
        this.#attempts.get(event.connection)?.held(event.passedBytes);
        break;
      case 'connection-closed':
        this.#giveUp(event.connection, 'lost');
        break;
      case 'tunnel-opened':
        this.#endAttempt(event.tunnel);
        this.#components.tunnels.opened(event.tunnel);
        break;
      case 'tunnel-closed':
        this.#endAttempt(event.tunnel);
        this.#components.tunnels.closed(event.tunnel, event.end, event.counters);
        break;
    }
  }

  /** Closes a tunnel; one that is still being opened is given up instead. */
  close(tunnel: number, end: TunnelEnd, tellClient: boolean): void {
    if (this.#attempts.get(tunnel)?.stage === 'ours') this.#giveUp(tunnel, end);
    else this.#components.engine.closeTunnel(tunnel, end, tellClient);
  }

  async #open(request: ConnectRequest, attempt: Attempt, cookie: string): Promise<void> {
    const { engine, channel, tunnels } = this.#components;
    const { headers, info } = request;
    const tunnel = info.connection;
    const client = factsOf(headers);
    const facts = parseConnectHeaders(headers);

    const reply = await channel.openTunnel({
      cookie,
      tunnel,
      client,
      peer: { address: info.peerAddress, port: info.peerPort },
      localAddress: info.localAddress,
      wantsIpv6: mayUseIpv6(facts, client),
      tls: { version: info.tlsVersion, cipher: info.tlsCipher },
    });
    if (reply.kind === 'refused') {
      this.#attempts.delete(tunnel);
      if (reply.status === 401) this.#refuseCookie(request);
      else request.refuse(unavailable(reply.reason));
      return;
    }
    tunnels.granted(tunnel, reply.grant, info);
    if (attempt.stage !== 'ours') {
      tunnels.closed(tunnel, 'lost');
      return;
    }

    const settings = this.#components.settings();
    const { appId, rekeyJitterSeconds } = this.#chance();
    const now = this.#components.now();
    const lists = this.#components.shelf.listsOf(reply);
    const input = { facts, client, grant: reply.grant, lists, info, settings, appId, now };
    const plan = planTunnel({ ...input, rekeyJitterSeconds });
    if (plan === undefined) {
      this.#attempts.delete(tunnel);
      tunnels.closed(tunnel, 'lost');
      request.refuse(unavailable('No address of the kind that this client can use'));
      return;
    }

    engine.hold(tunnel);
    const early = await attempt.drain();
    if (early === 'gone') return;
    attempt.handOver();
    tunnels.compressed(tunnel, { tls: plan.tlsCompression, dtls: plan.dtlsCompression });
    engine.openTunnel({ ...plan, early });
  }

  #refuseCookie(request: ConnectRequest): void {
    this.#components.failures.note(request.info.peerAddress);
    request.refuse(COOKIE_REFUSED);
  }

  /** Random values of one tunnel. Byte 0 of the id lets any worker find its owner [oc 8.4]. */
  #chance(): { readonly appId: Uint8Array; readonly rekeyJitterSeconds: number } {
    const bytes = this.#components.randomBytes(33);
    const appId = bytes.subarray(0, 32);
    appId[0] = this.#worker;
    return { appId, rekeyJitterSeconds: ((bytes[32] ?? 0) % 61) - 30 };
  }

  /** Ends an attempt and tells the primary if it had granted the tunnel. */
  #giveUp(tunnel: number, end: TunnelEnd): void {
    this.#endAttempt(tunnel);
    this.#components.tunnels.closed(tunnel, end);
  }

  #endAttempt(tunnel: number): void {
    this.#attempts.get(tunnel)?.end();
    this.#attempts.delete(tunnel);
  }
}
