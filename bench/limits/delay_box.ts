// A router that keeps packets waiting, for kernels without netem: two TUN devices, and what comes out
// of one goes into the other. Towards 10.99.N.1 a packet waits N ms, so N is what the way there adds
// to the round trip. Whoever starts it moves the far device to its place.
//
//   node delay_box.ts NEAR FAR        two names of devices; says "ready"; lives until SIGTERM
import { Buffer } from 'node:buffer';
import { readSync, writeSync } from 'node:fs';
import process from 'node:process';
import { system } from '../../native/system.ts';

/** How exact the delay is. Reading that often costs less than a hundredth of a core. */
const TICK_MS = 1;
const MAX_PACKET = 2048;
/** Of an IPv4 header: where N of 10.99.N.1 stands in the destination. */
const DELAY_BYTE = 18;

interface Waiting {
  readonly packet: Buffer;
  readonly dueMs: number;
}

const [near = '', far = ''] = process.argv.slice(2);
const [nearFd = -1] = system().openTun(near, 1, false).queues;
const [farFd = -1] = system().openTun(far, 1, false).queues;
/** By delay: packets of one delay leave in their order. */
const lines = new Map<number, Waiting[]>();

setInterval(() => {
  const now = performance.now();
  for (const packet of packetsOf(nearFd)) {
    const delayMs = packet[DELAY_BYTE] ?? 0;
    const line = lines.get(delayMs) ?? [];
    line.push({ packet, dueMs: now + delayMs });
    lines.set(delayMs, line);
  }
  for (const packet of packetsOf(farFd)) deliver(nearFd, packet);
  for (const line of lines.values()) {
    const kept = line.findIndex(({ dueMs }) => dueMs > now);
    for (const { packet } of line.splice(0, kept < 0 ? line.length : kept)) deliver(farFd, packet);
  }
}, TICK_MS);
process.stdout.write('ready\n');

function* packetsOf(fd: number): Generator<Buffer> {
  for (;;) {
    const room = Buffer.allocUnsafe(MAX_PACKET);
    try {
      yield room.subarray(0, readSync(fd, room));
    } catch (error) {
      if (isCode(error, 'EAGAIN', 'EIO')) return;
      throw error;
    }
  }
}

/** A device that is down or full loses it, as a router would. */
function deliver(fd: number, packet: Buffer): void {
  try {
    writeSync(fd, packet);
  } catch (error) {
    if (!isCode(error, 'EAGAIN', 'EIO', 'EINVAL')) throw error;
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
