// The UDP sockets' buffers. They have to hold what comes between two looks of a worker: rate times
// the gap in service.
import type { Logger } from '../core/log/logger.ts';
import type { System } from '../native/system.ts';
import type { Bytes } from '../core/units.ts';
import { raiseBuffers } from './sysctl.ts';

/** Some 30 ms of 1 Gbit/s; the kernel counts about twice the bytes of a packet. */
export const UDP_BUFFER_BYTES: Bytes = 8 * 1024 * 1024;

export interface SocketBuffersComponents {
  readonly system: Pick<System, 'growBuffers'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** See sysctl.ts; another in tests. */
  readonly raise?: typeof raiseBuffers;
}

/**
 * Grows the buffers of these sockets beyond the machine's bounds where we may; raises the bounds
 * where we may not (`raiseBounds`: engine.raise_buffers); warns with the line to run where neither
 * is allowed.
 */
export function growSocketBuffers(
  { system, logger, raise = raiseBuffers }: SocketBuffersComponents,
  sockets: readonly number[],
  raiseBounds: boolean,
): void {
  const areSmall = (): boolean =>
    sockets.some((fd) => system.growBuffers(fd, UDP_BUFFER_BYTES) < UDP_BUFFER_BYTES);
  if (!areSmall()) return;
  if (raiseBounds && raise(UDP_BUFFER_BYTES).length === 0 && !areSmall()) return;
  logger.warn(
    { event: 'machine.udp_buffers' },
    'the UDP socket buffers are small and will lose packets under load: run ' +
      `"sysctl -w net.core.rmem_max=${UDP_BUFFER_BYTES} net.core.wmem_max=${UDP_BUFFER_BYTES}"`,
  );
}
