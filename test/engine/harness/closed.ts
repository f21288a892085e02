// The end of a connection, be it by a reset: once() would reject at that.
import type { Socket } from 'node:net';

/** Resolves when it is closed, for whatever reason. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
