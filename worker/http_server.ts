// The bounded HTTP front [oc 2.1]: node:http without a listening socket, fed with the plaintext
// streams of the engine. One request at a time; whatever is over a limit gets its status code and
// a closed connection. What a request means is decided elsewhere. Strangers of a camouflaged server
// get past none of it: their requests are answered as soon as their heads are read.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { notFound, refusal, renderRefusal } from '../core/http/answer.ts';
import type { HttpAnswer } from '../core/http/answer.ts';
import { isTunnelTarget } from '../core/http/routes.ts';
import type { Logger } from '../core/log/logger.ts';
import type { ConnectionInfo } from '../native/engine.ts';
import type { Camouflage } from './camouflage.ts';
import type { HttpLimits } from './limits.ts';
import { readBody } from './request_body.ts';

/** A whole request. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
  readonly info: ConnectionInfo;
  /** This connection is no failed one, whatever becomes of it. */
  readonly excuse: () => void;
}

/** A CONNECT to the tunnel; the socket is paused and belongs to its handler from now on. */
export interface ConnectRequest {
  readonly headers: IncomingMessage['headers'];
  readonly socket: Socket;
  /** What the client sent behind the request and has been read already. */
  readonly head: Uint8Array;
  readonly info: ConnectionInfo;
  /** Answers with a refusal and closes. */
  readonly refuse: (answer: HttpAnswer) => void;
}

export interface HttpFrontComponents {
  /** Wraps the engine's descriptor. */
  readonly openSocket: (fd: number) => Socket;
  readonly onRequest: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly onConnect: (request: ConnectRequest) => void;
  /** A connection from there has ended without a login; bad cookies are counted elsewhere. */
  readonly onFailedConnect: (peerAddress: string) => void;
  readonly isBanned: (peerAddress: string) => boolean;
  readonly camouflage: Camouflage;
  readonly log: Logger;
}

export interface HttpFrontOptions {
  readonly limits: HttpLimits;
  /** From the connection to its tunnel [oc 2.1]; asked for each connection. */
  readonly authTimeoutMs: () => number;
  /** Sent with every answer but a tunnel. */
  readonly extraHeaders: () => HttpAnswer['headers'];
}

interface Connection {
  readonly info: ConnectionInfo;
  readonly socket: Socket;
  requests: number;
  /** closing: a refusal was written, nothing more is read into. handed-over: CONNECT. */
  phase: 'idle' | 'busy' | 'handed-over' | 'closing';
  /** Has shown the secret of a camouflaged server, or a session's cookie. */
  trusted: boolean;
  /** Its end costs its source nothing. */
  excused: boolean;
}

export class HttpFront {
  readonly #components: HttpFrontComponents;
  readonly #options: HttpFrontOptions;
  readonly #server: Server;
  readonly #connections = new Map<Duplex, Connection>();

  constructor(components: HttpFrontComponents, options: HttpFrontOptions) {
    this.#components = components;
    this.#options = options;
    const { limits } = options;
    this.#server = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, limits.headTimeoutMs / 2),
      // A person types a password between two requests: authTimeoutMs bounds the pauses.
      keepAliveTimeout: 0,
      requireHostHeader: false,
    });
    // An expectation that we do not know is none of our business.
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#server.on(
        event,
        (request: IncomingMessage, response: ServerResponse) =>
          void this.#request(request, response),
      );
    }
    this.#server.on(
      'connect',
      (request, socket, head) => void this.#connect(request, socket, head),
    );
    this.#server.on('clientError', (error, socket) => this.#clientError(error, socket));
    // Starts the check of headersTimeout and requestTimeout, which otherwise waits for listen().
    this.#server.emit('listening');
  }

  /** Takes a connection whose TLS handshake is done. */
  accept(info: ConnectionInfo): void {
    const socket = this.#components.openSocket(info.fd);
    if (this.#components.isBanned(info.peerAddress)) {
      socket.destroy();
      return;
    }
    const nothingYet = { requests: 0, phase: 'idle', trusted: false, excused: false } as const;
    const connection: Connection = { info, socket, ...nothingYet };
    this.#connections.set(socket, connection);
    const deadline = setTimeout(() => this.#expire(connection), this.#options.authTimeoutMs());
    socket.on('error', (error) => this.#components.log.debug({ err: error }, 'connection failed'));
    socket.once('close', () => {
      clearTimeout(deadline);
      this.#connections.delete(socket);
      if (!connection.excused) this.#components.onFailedConnect(info.peerAddress);
    });
    this.#server.emit('connection', socket);
  }

  /** Connections that have no tunnel yet. */
  get size(): number {
    return this.#connections.size;
  }

  /** Cuts every connection that has no tunnel yet. */
  close(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  /** Cuts those who are banned by now, but for answers that are on their way. */
  closeBanned(): void {
    for (const { info, socket, phase } of this.#connections.values()) {
      if (phase === 'idle' && this.#components.isBanned(info.peerAddress)) socket.destroy();
    }
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#begin(request);
    if (connection === undefined) return;
    if (this.#isStranger(connection) && !(await this.#letIn(connection, request))) return;
    if (awaitsContinue(request)) response.writeContinue();
    const body = await readBody(request, this.#options.limits.bodyBytes);
    // A second request may have come behind the body: then neither has any effect.
    if (body === 'gone' || isOver(connection)) return;
    if (body === 'too-large') {
      this.#refuse(connection, refusal(413, 'Content Too Large'));
      request.resume();
      return;
    }
    const answer = await this.#answer(connection, request, body);
    if (isOver(connection)) return;
    if (answer.connection === 'close') this.#refuse(connection, answer, request.method === 'HEAD');
    else this.#respond(connection, request, response, answer);
  }

  /** Undefined when the request is refused or the connection is already over. */
  #begin(request: IncomingMessage): Connection | undefined {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.phase === 'closing') {
      request.resume();
      return undefined;
    }
    const { camouflage } = this.#components;
    if (camouflage.isOn) connection.trusted ||= camouflage.hasSecret(request.url ?? '');
    if (this.#isStranger(connection) && connection.phase === 'busy') {
      // The connection closes with the answer to the first.
      request.resume();
      return undefined;
    }
    const refused = this.#objection(connection, request);
    if (refused !== undefined) {
      this.#refuse(connection, refused);
      request.resume();
      return undefined;
    }
    connection.phase = 'busy';
    connection.requests++;
    return connection;
  }

  #objection(connection: Connection, request: IncomingMessage): HttpAnswer | undefined {
    // A second request before the answer to the first is how requests are smuggled (ocserv #716).
    if (connection.phase !== 'idle') return refusal(400, 'Bad Request');
    // A web site takes any address that fits into a head.
    if (this.#isStranger(connection)) return undefined;
    if ((request.url ?? '').length >= this.#options.limits.targetLength)
      return refusal(414, 'URI Too Long');
    return undefined;
  }

  #isStranger({ trusted }: Connection): boolean {
    return this.#components.camouflage.isOn && !trusted;
  }

  /** false: the stranger has had his answer, or has gone. */
  async #letIn(connection: Connection, request: IncomingMessage): Promise<boolean> {
    const answer = await this.#components.camouflage.judge(request);
    if (isOver(connection) || connection.socket.destroyed) return false;
    if (answer === undefined) {
      connection.trusted = true;
      return true;
    }
    this.#refuse(connection, answer, request.method === 'HEAD');
    request.resume();
    return false;
  }

  async #answer(
    connection: Connection,
    request: IncomingMessage,
    body: Uint8Array,
  ): Promise<HttpAnswer> {
    const { method = '', url: target = '', headers } = request;
    const { info } = connection;
    const excuse = (): void => void (connection.excused = true);
    try {
      return await this.#components.onRequest({ method, target, headers, body, info, excuse });
    } catch (error) {
      this.#components.log.error({ event: 'http.request_failed', err: error }, 'a request failed');
      return refusal(500, 'Internal Server Error');
    }
  }

  #respond(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    answer: HttpAnswer,
  ): void {
    const last =
      connection.requests >= this.#options.limits.requestsPerConnection ||
      request.httpVersion === '1.0' ||
      this.#components.isBanned(connection.info.peerAddress) ||
      !response.shouldKeepAlive;
    const headers = [
      ...this.#options.extraHeaders(),
      ...answer.headers,
      ['Content-Length', String(Buffer.byteLength(answer.body))],
      ['Connection', last ? 'close' : 'keep-alive'],
    ].flat();
    response.sendDate = false;
    response.writeHead(answer.status, answer.reason, headers);
    response.end(answer.body);
    connection.phase = last ? 'closing' : 'idle';
  }

  async #connect(request: IncomingMessage, duplex: Duplex, head: Buffer): Promise<void> {
    const connection = this.#connections.get(duplex);
    if (connection === undefined || connection.phase === 'closing') {
      duplex.destroy();
      return;
    }
    const { socket, info } = connection;
    const { camouflage } = this.#components;
    if (camouflage.isOn) connection.trusted ||= camouflage.hasSecret(request.url ?? '');
    const stranger = this.#isStranger(connection);
    const refuse = (answer: HttpAnswer): void => {
      this.#refuse(connection, stranger ? camouflage.noProxy() : answer);
      socket.resume();
    };
    const refused = this.#objection(connection, request);
    if (refused !== undefined) {
      refuse(refused);
      return;
    }
    connection.phase = 'busy';
    if (stranger) {
      const answer = await camouflage.judge(request);
      if (isOver(connection) || socket.destroyed) return;
      if (answer !== undefined) {
        refuse(answer);
        return;
      }
    }
    if (request.httpVersion !== '1.1') refuse(refusal(505, 'HTTP Version Not Supported'));
    else if (!isTunnelTarget(request.url ?? '')) refuse(notFound());
    else {
      connection.phase = 'handed-over';
      // Its handler counts bad cookies.
      connection.excused = true;
      this.#components.onConnect({ headers: request.headers, socket, head, info, refuse });
    }
  }

  #clientError(error: Error & { code?: string }, duplex: Duplex): void {
    const connection = this.#connections.get(duplex);
    if (connection === undefined || !connection.socket.writable) duplex.destroy();
    // What a stranger sends behind his request is not looked at.
    else if (connection.phase !== 'busy' || !this.#isStranger(connection))
      this.#fail(connection, answerTo(error.code));
  }

  #expire(connection: Connection): void {
    // A tunnel that was never finished has no HTTP answer left to wait for.
    if (connection.phase === 'handed-over') connection.socket.destroy();
    else this.#fail(connection, refusal(408, 'Request Timeout'));
  }

  /** For what is wrong with the connection itself. */
  #fail(connection: Connection, answer: HttpAnswer): void {
    if (connection.phase === 'handed-over') return;
    const { camouflage } = this.#components;
    const shown = this.#isStranger(connection) ? camouflage.disguise(answer.status) : answer;
    this.#refuse(connection, shown);
  }

  /** Closes our side at once and reads on a little: a reset would overtake the answer. */
  #refuse(connection: Connection, answer: HttpAnswer, head = false): void {
    if (connection.phase === 'closing') return;
    connection.phase = 'closing';
    const { socket } = connection;
    // What strangers are shown has them already.
    const extraHeaders = this.#isStranger(connection) ? [] : this.#options.extraHeaders();
    socket.end(renderRefusal(answer, { head, extraHeaders }));
    const cut = setTimeout(() => socket.destroy(), this.#options.limits.lingerMs);
    socket.once('close', () => clearTimeout(cut));
  }
}

/** Meanwhile the deadline may have passed, or a second request come. */
const isOver = ({ phase }: Connection): boolean => phase !== 'busy';

const awaitsContinue = ({ headers, httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.1' && headers.expect?.toLowerCase() === '100-continue';

/** What llhttp and node:http complain about, as a status [oc 2.1]. */
function answerTo(code: string | undefined): HttpAnswer {
  switch (code ?? '') {
    case 'HPE_HEADER_OVERFLOW':
      return refusal(431, 'Request Header Fields Too Large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refusal(413, 'Content Too Large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal(408, 'Request Timeout');
    default:
      return refusal(400, 'Bad Request');
  }
}
