// The bounded HTTP front [oc 2.1]: node:http without a listening socket, fed with the plaintext
// streams of the engine. One request at a time; whatever is over a limit gets its status code and
// a closed connection. What a request means is decided elsewhere.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { notFound, refusal, renderRefusal } from '../core/http/answer.ts';
import type { HttpAnswer } from '../core/http/answer.ts';
import { isTunnelTarget } from '../core/http/routes.ts';
import type { ConnectionInfo } from '../native/engine.ts';
import type { HttpLimits } from './limits.ts';
import { readBody } from './request_body.ts';

/** A whole request. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
  readonly info: ConnectionInfo;
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
  readonly log: Logger;
}

export interface HttpFrontOptions {
  readonly limits: HttpLimits;
  /** From the connection to its tunnel [oc 2.1]; asked for each connection. */
  readonly authTimeoutMs: () => number;
  /** Sent with every answer that is no refusal. */
  readonly extraHeaders: () => HttpAnswer['headers'];
}

interface Connection {
  readonly info: ConnectionInfo;
  readonly socket: Socket;
  requests: number;
  /** closing: a refusal was written, nothing more is read into. handed-over: CONNECT. */
  phase: 'idle' | 'busy' | 'handed-over' | 'closing';
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
    this.#server.on('request', (request, response) => void this.#request(request, response));
    this.#server.on('connect', (request, socket, head) => this.#connect(request, socket, head));
    this.#server.on('clientError', (error, socket) => this.#clientError(error, socket));
    // Starts the check of headersTimeout and requestTimeout, which otherwise waits for listen().
    this.#server.emit('listening');
  }

  /** Takes a connection whose TLS handshake is done. */
  accept(info: ConnectionInfo): void {
    const socket = this.#components.openSocket(info.fd);
    const connection: Connection = { info, socket, requests: 0, phase: 'idle' };
    this.#connections.set(socket, connection);
    const deadline = setTimeout(() => this.#expire(connection), this.#options.authTimeoutMs());
    socket.on('error', (error) => this.#components.log.debug({ err: error }, 'connection failed'));
    socket.once('close', () => {
      clearTimeout(deadline);
      this.#connections.delete(socket);
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

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#begin(request);
    if (connection === undefined) return;
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
    if (answer.connection === 'close') this.#refuse(connection, answer);
    else this.#respond(connection, request, response, answer);
  }

  /** Undefined when the request is refused or the connection is already over. */
  #begin(request: IncomingMessage): Connection | undefined {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.phase === 'closing') {
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
    if ((request.url ?? '').length >= this.#options.limits.targetLength)
      return refusal(414, 'URI Too Long');
    return undefined;
  }

  async #answer(
    { info }: Connection,
    request: IncomingMessage,
    body: Uint8Array,
  ): Promise<HttpAnswer> {
    const { method = '', url: target = '', headers } = request;
    try {
      return await this.#components.onRequest({ method, target, headers, body, info });
    } catch (error) {
      this.#components.log.error({ err: error }, 'a request failed');
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

  #connect(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const connection = this.#connections.get(duplex);
    if (connection === undefined || connection.phase === 'closing') {
      duplex.destroy();
      return;
    }
    const { socket, info } = connection;
    const refuse = (answer: HttpAnswer): void => {
      this.#refuse(connection, answer);
      socket.resume();
    };
    const refused = this.#objection(connection, request);
    if (refused !== undefined) refuse(refused);
    else if (request.httpVersion !== '1.1') refuse(refusal(505, 'HTTP Version Not Supported'));
    else if (!isTunnelTarget(request.url ?? '')) refuse(notFound());
    else {
      connection.phase = 'handed-over';
      this.#components.onConnect({ headers: request.headers, socket, head, info, refuse });
    }
  }

  #clientError(error: Error & { code?: string }, duplex: Duplex): void {
    const connection = this.#connections.get(duplex);
    if (connection === undefined || !connection.socket.writable) duplex.destroy();
    else if (connection.phase !== 'handed-over') this.#refuse(connection, answerTo(error.code));
  }

  #expire(connection: Connection): void {
    // A tunnel that was never finished has no HTTP answer left to wait for.
    if (connection.phase === 'handed-over') connection.socket.destroy();
    else this.#refuse(connection, refusal(408, 'Request Timeout'));
  }

  /** Closes our side at once and reads on a little: a reset would overtake the answer. */
  #refuse(connection: Connection, answer: HttpAnswer): void {
    if (connection.phase === 'closing') return;
    connection.phase = 'closing';
    const { socket } = connection;
    socket.end(renderRefusal(answer));
    const cut = setTimeout(() => socket.destroy(), this.#options.limits.lingerMs);
    socket.once('close', () => clearTimeout(cut));
  }
}

/** Meanwhile the deadline may have passed, or a second request come. */
const isOver = ({ phase }: Connection): boolean => phase !== 'busy';

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
