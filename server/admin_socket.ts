// The admin socket: who may connect, lines in, lines out. What the commands do is in admin.ts.
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { WolfguardError } from '../core/error.ts';
import type { AdminCommand, AdminErrorCode, AdminReply, AdminResults } from '../core/ipc/admin.ts';
import { MAX_ADMIN_REQUEST_BYTES, parseAdminRequest } from '../core/ipc/admin_request.ts';
import type { Logger } from '../core/log/logger.ts';
import type { Milliseconds } from '../core/units.ts';
import type { AdminEvents } from './admin_events.ts';
import { EventQueue } from './event_queue.ts';

export type AdminAnswer =
  | { readonly ok: true; readonly result: AdminResults[AdminCommand['command']] }
  | { readonly ok: false; readonly code: AdminErrorCode; readonly message: string };

type EventsCommand = Extract<AdminCommand, { command: 'events' }>;

export interface AdminSocketComponents {
  /** Never rejects. */
  readonly answer: (command: Exclude<AdminCommand, EventsCommand>) => Promise<AdminAnswer>;
  readonly events: Pick<AdminEvents, 'subscribe'>;
  /** SO_PEERCRED of a connected socket's descriptor. */
  readonly peerCredentials: (fd: number) => { pid: number; uid: number; gid: number };
  readonly logger: Logger;
}

export interface AdminSocketOptions {
  readonly path: string;
  /** The listening socket there, where somebody else has made it: file and mode are his then. */
  readonly fd?: number | undefined;
  /** Members may use the socket besides root; null = root only. */
  readonly gid: number | null;
  /** A client that neither speaks nor reads for so long is dropped. */
  readonly idleTimeoutMs: Milliseconds;
  /** More at once are turned away. */
  readonly maxConnections: number;
}

export interface AdminSocket {
  /** The socket file is gone, and who is connected has a moment to read what is written. */
  close(): Promise<void>;
}

/** Throws WolfguardError when another server answers there or the file cannot be made. */
export async function openAdminSocket(
  components: AdminSocketComponents,
  options: AdminSocketOptions,
): Promise<AdminSocket> {
  if (options.fd === undefined) await removeStale(options.path);
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    if (!isAllowed(socket, components, options)) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, components, options);
  });
  server.maxConnections = options.maxConnections;
  await listen(server, options);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) {
        socket.end();
        socket.setTimeout(LAST_REPLY_MS, () => socket.destroy());
      }
      await closed;
    },
  };
}

/** What a client has to take its last reply when the server stops. */
const LAST_REPLY_MS: Milliseconds = 500;

async function listen(server: net.Server, options: AdminSocketOptions): Promise<void> {
  const { path: file, fd, gid } = options;
  try {
    if (fd !== undefined) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ fd }, resolve);
      });
      return;
    }
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The file is made before listen returns, and must not be there with wider rights than it
      // is to have, not even for a moment.
      const umask = process.umask(0o177);
      server.listen(file, resolve);
      process.umask(umask);
    });
    if (gid !== null) {
      chownSync(file, 0, gid);
      chmodSync(file, 0o660);
    }
  } catch (error) {
    server.close();
    throw new WolfguardError(
      'ADMIN_SOCKET',
      `cannot open the admin socket ${file} (${(error as Error).message}): check admin.socket`,
    );
  }
}

/** A socket file that a killed server left behind goes; one that answers, or any other file, stays. */
async function removeStale(file: string): Promise<void> {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new WolfguardError(
      'ADMIN_SOCKET',
      `${file} is in the way and no socket: check admin.socket`,
    );
  }
  if (await isAnswered(file)) {
    throw new WolfguardError(
      'ADMIN_SOCKET',
      `another server is running already: it answers on ${file}`,
    );
  }
  unlinkSync(file);
}

const isAnswered = (file: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(file);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** A second lock behind the file's mode, which a later chmod may have opened. */
function isAllowed(
  socket: net.Socket,
  { peerCredentials, logger }: AdminSocketComponents,
  { gid }: AdminSocketOptions,
): boolean {
  try {
    const peer = peerCredentials(descriptorOf(socket));
    if (peer.uid === 0 || peer.uid === process.getuid?.()) return true;
    if (gid !== null && (peer.gid === gid || groupsOf(peer.pid).includes(gid))) return true;
    logger.warn(
      { event: 'admin.not_allowed', uid: peer.uid, pid: peer.pid },
      'admin socket: this user is not allowed',
    );
  } catch (error) {
    logger.warn(
      { event: 'admin.caller_unknown', err: error },
      'admin socket: nobody knows who is calling',
    );
  }
  return false;
}

/** Node names the descriptor of a socket in no public place. */
function descriptorOf(socket: net.Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

/** The supplementary groups of a process, which SO_PEERCRED leaves out. */
function groupsOf(pid: number): number[] {
  const line = /^Groups:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  return line.split(/\s+/).filter(Boolean).map(Number);
}

function serve(
  socket: net.Socket,
  { answer, events }: AdminSocketComponents,
  { idleTimeoutMs }: AdminSocketOptions,
): void {
  let received = '';
  let isStream = false;
  socket.setEncoding('utf8');
  socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    if (isStream) return;
    received += text;
    if (received.length > MAX_ADMIN_REQUEST_BYTES) {
      reply({ id: 0, ok: false, code: 'BAD_REQUEST', message: 'the request is too long' });
      socket.destroySoon();
    } else void next();
  });

  /** One request at a time: a client that asks faster than it reads waits for itself. */
  async function next(): Promise<void> {
    const end = received.indexOf('\n');
    if (end < 0 || socket.destroyed) return;
    const line = received.slice(0, end);
    received = received.slice(end + 1);
    socket.pause();
    const parsed = parseAdminRequest(line);
    if (parsed.kind === 'bad') {
      reply({ id: parsed.id, ok: false, code: 'BAD_REQUEST', message: parsed.reason });
    } else if (parsed.request.command === 'events') {
      isStream = stream(parsed.id, parsed.request.logins === true);
    } else reply({ id: parsed.id, ...(await answer(parsed.request)) });
    if (socket.writableNeedDrain) await drained(socket);
    socket.resume();
    if (!isStream) await next();
  }

  /** Events until the client goes; whether there are any. What it says from then on is ignored. */
  function stream(id: number, logins: boolean): boolean {
    const queue = new EventQueue({ write: (line) => !socket.writable || socket.write(line) });
    let isAnswered = false;
    const unsubscribe = events.subscribe((line) => {
      if (!isAnswered) reply({ id, ok: true, result: { listening: true } });
      isAnswered = true;
      queue.push(line);
    }, logins);
    if (unsubscribe === undefined) {
      reply({ id, ok: false, code: 'REFUSED', message: 'too many readers of events: end another' });
      return false;
    }
    socket.on('close', unsubscribe);
    socket.on('drain', () => queue.drained());
    // Silence is no sign of a client that is gone.
    socket.setTimeout(0);
    return true;
  }

  function reply(message: AdminReply): void {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
  }
}

const drained = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
