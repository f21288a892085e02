// What a peer that has not logged in yet may use, and for how long [oc 2.1].

export const ENGINE_LIMITS = {
  handshakeTimeoutMs: 10_000,
  /** Whole offices sit behind one address and come back together after an outage. */
  handshakesPerSource: 256,
  /** A quarter of all: one source alone cannot keep the others out. */
  pendingPerSource: 1024,
  /** At about 50 KiB each: 200 MiB of a worker at the worst. */
  maxPendingConnections: 4096,
} as const;

export interface HttpLimits {
  readonly requestsPerConnection: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** The first length of a request target that is too long. */
  readonly targetLength: number;
  /** From the first byte of a request (or the connection's start) to the end of its head. */
  readonly headTimeoutMs: number;
  /** The same to the end of its body. */
  readonly requestTimeoutMs: number;
  /** After a refusal: time for the client to read it before the connection is cut. */
  readonly lingerMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  requestsPerConnection: 16,
  headerBytes: 16 * 1024,
  bodyBytes: 256 * 1024,
  targetLength: 256,
  headTimeoutMs: 20_000,
  requestTimeoutMs: 30_000,
  lingerMs: 1000,
};

/** How long a shutdown waits for the engine to say goodbye to its clients. */
export const SHUTDOWN_TIMEOUT_MS = 2000;
