// Strange directories, and what stands between us and a good one. All on loopback, all ended with
// their test.
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface Peer {
  readonly port: number;
  /** Connections so far. */
  readonly connections: () => number;
  /** Connections now, and the most that there were at once. */
  readonly open: () => { readonly now: number; readonly most: number };
}

/** Listens and does with every connection what `handle` says. */
export async function peer(t: TestContext, handle: (socket: Socket) => void): Promise<Peer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let most = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => connections, open: () => ({ now: sockets.size, most }) };
}

/** Accepts and never says a word. */
export const silentPeer = (t: TestContext): Promise<Peer> => peer(t, (socket) => socket.resume());

/** Passes everything on, but cuts the line instead of the answer to the request of this number. */
export const cuttingPeer = (t: TestContext, target: number, cutAt = Infinity): Promise<Peer> =>
  peer(t, (socket) => {
    const onward = net.connect(target, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    onward.pipe(socket);
    let requests = 0;
    socket.on('data', (chunk) => {
      requests += 1;
      if (requests === cutAt) socket.resetAndDestroy();
      else onward.write(chunk);
    });
  });

/** Begins one message of 2 GiB and goes on and on. */
export const endlessPeer = (t: TestContext): Promise<Peer> =>
  peer(t, (socket) => {
    const zeros = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (!socket.destroyed && socket.write(zeros));
    };
    socket.once('data', () => {
      socket.write(Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]));
      more();
    });
    socket.on('drain', more);
  });

/**
 * Answers StartTLS itself, with more behind the answer that TLS does not protect, and passes what
 * comes then to a port that speaks TLS.
 */
export const injectingPeer = (t: TestContext, tlsPort: number, injected: Buffer): Promise<Peer> =>
  peer(t, (socket) => {
    socket.once('data', (request: Buffer) => {
      const id = request[4] ?? 0;
      // An ExtendedResponse with success.
      const ok = [0x30, 0x0c, 2, 1, id, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0];
      const onward = net.connect(tlsPort, '127.0.0.1');
      onward.on('error', () => socket.destroy());
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
      socket.write(Buffer.concat([Buffer.from(ok), injected]));
      socket.pipe(onward).pipe(socket);
    });
  });
