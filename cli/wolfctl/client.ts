import net from 'node:net';
import { WolfguardError } from '../../core/error.ts';
import type { AdminCommand, AdminReply, AdminResults } from '../../core/ipc/admin.ts';
import { decodeAdminEvent } from '../../core/ipc/admin_event.ts';
import type { AdminEvent } from '../../core/ipc/admin_event.ts';
import { encodeAdminRequest } from '../../core/ipc/admin_request.ts';
import type { Milliseconds } from '../../core/units.ts';

/** A server that is alive answers in far less; a listing of 100,000 sessions needs some seconds. */
const ANSWER_TIMEOUT_MS: Milliseconds = 30_000;

/** Puts one command to the server; throws WolfguardError when it is not there or says no. */
export async function askServer<C extends AdminCommand['command']>(
  socketPath: string,
  command: Extract<AdminCommand, { command: C }>,
): Promise<AdminResults[C]> {
  const line = await exchange(socketPath, encodeAdminRequest(1, command));
  const reply = JSON.parse(line) as AdminReply<C>;
  if (!reply.ok) throw new WolfguardError(reply.code, reply.message);
  return reply.result;
}

/**
 * What happens on the server from now on, until the signal, and not faster than it is taken; throws
 * WolfguardError, also when the server ends.
 */
export async function* followServer(
  socketPath: string,
  command: Extract<AdminCommand, { command: 'events' }>,
  signal: AbortSignal,
): AsyncGenerator<AdminEvent> {
  const socket = net.connect(socketPath);
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  socket.write(encodeAdminRequest(1, command));
  try {
    let isAccepted = false;
    for await (const line of linesOf(socket)) {
      if (isAccepted) yield decodeAdminEvent(line);
      else {
        const reply = JSON.parse(line) as AdminReply<'events'>;
        if (!reply.ok) throw new WolfguardError(reply.code, reply.message);
        isAccepted = true;
      }
    }
    if (!signal.aborted) throw new WolfguardError('ENDED', 'the server has ended the events');
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof WolfguardError ? error : inWords(error as Error, socketPath);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

async function* linesOf(socket: net.Socket): AsyncGenerator<string> {
  let received = '';
  for await (const text of socket.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (received + text).split('\n');
    received = lines.pop() ?? '';
    yield* lines;
  }
}

function exchange(socketPath: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(socketPath, () => socket.write(request));
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      socket.destroy(new WolfguardError('TIMEOUT', 'the server does not answer'));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (!chunk.includes(0x0a)) return;
      resolve(Buffer.concat(chunks).toString('utf8'));
      socket.destroy();
    });
    socket.on('error', (error) => reject(inWords(error, socketPath)));
    socket.on('close', () => {
      reject(noAnswer(socketPath));
    });
  });
}

function inWords(error: NodeJS.ErrnoException, socketPath: string): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new WolfguardError(
        'NOT_RUNNING',
        `no server is running: nobody answers on ${socketPath}; name another socket with --socket`,
      );
    case 'EACCES':
    case 'EPERM':
      return new WolfguardError(
        'NO_PERMISSION',
        `no permission to use ${socketPath}: run this as root, or as a member of admin.group`,
      );
    case 'EPIPE':
    case 'ECONNRESET':
      return noAnswer(socketPath);
    case undefined:
    default:
      return error;
  }
}

const noAnswer = (socketPath: string): WolfguardError =>
  new WolfguardError(
    'NO_ANSWER',
    `the server on ${socketPath} hung up: it is stopping, or this user may not use it`,
  );
