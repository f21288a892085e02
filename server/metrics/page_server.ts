// HTTP for Prometheus and load balancers: /metrics, /healthz, /readyz. Peers are strangers: each gets a
// little time, a little memory, one of few places, and two methods.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { CONTENT_TYPE, formatOf } from '../../core/metrics/exposition.ts';
import type { Format } from '../../core/metrics/exposition.ts';
import type { Milliseconds } from '../../core/units.ts';

export interface ReadinessAnswer {
  readonly ready: boolean;
  /** One line. */
  readonly reason: string;
}

/** The primary; undefined where it does not answer in time. */
export interface PageServerComponents {
  readonly page: (format: Format) => Promise<string | undefined>;
  readonly readiness: () => Promise<ReadinessAnswer | undefined>;
}

/** Prometheus opens one; the rest is for load balancers and for those who do not close theirs. */
const MAX_CONNECTIONS = 64;
/** A scrape takes milliseconds. */
const PATIENCE_MS: Milliseconds = 5_000;
/** Longer than the usual interval of scrapes. */
const KEEP_ALIVE_MS: Milliseconds = 75_000;
const MAX_HEADER_BYTES = 8 * 1024;
/** How often Node looks for those who are late. */
const LOOK_MS: Milliseconds = 1_000;

const TEXT = 'text/plain; charset=utf-8';

/** Does not listen yet. `patienceMs`: what a request may take to come, and a peer to take an answer on. */
export function createPageServer(
  components: PageServerComponents,
  patienceMs: Milliseconds = PATIENCE_MS,
): Server {
  const server = createServer(
    {
      headersTimeout: patienceMs,
      requestTimeout: patienceMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: LOOK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => void answer(components, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = patienceMs;
  return server;
}

async function answer(
  components: PageServerComponents,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, headers } = request;
  const respond = (status: number, type: string, body: string): void => {
    // What else a peer has to say is not read.
    if (hasBody(request) || status >= 400) response.setHeader('Connection', 'close');
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  };
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    respond(405, TEXT, 'GET or HEAD\n');
    return;
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics': {
      const format = formatOf(headers.accept);
      const page = await components.page(format);
      if (page === undefined) respond(503, TEXT, SILENT);
      else respond(200, CONTENT_TYPE[format], page);
      return;
    }
    case '/healthz': {
      const alive = (await components.readiness()) !== undefined;
      respond(alive ? 200 : 503, TEXT, alive ? 'alive\n' : SILENT);
      return;
    }
    case '/readyz': {
      const state = await components.readiness();
      respond(state?.ready === true ? 200 : 503, TEXT, state ? `${state.reason}\n` : SILENT);
      return;
    }
    case undefined:
    default:
      respond(404, TEXT, 'see /metrics, /healthz, /readyz\n');
  }
}

const SILENT = 'the server does not answer\n';

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
