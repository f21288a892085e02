// Datagrams of several flows and many sizes, in bursts; planned alike by the programs that send and
// receive them and by the test that compares.
//
//   node datagrams.ts send ADDRESS PORT SEED      a burst of planBursts(SEED) at each SIGUSR1
//   node datagrams.ts receive PORT                a line FLOW SIZE HASH for each that comes
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import process from 'node:process';

export interface Datagram {
  readonly flow: number;
  readonly payload: Buffer;
}

const FLOWS = 3;
/** A flow's number is its source port less this. */
const FIRST_SOURCE_PORT = 6000;
const BURSTS = 8;
/** Few enough that a socket of the usual size holds a burst that comes all at once. */
const RUNS_A_BURST = 6;
const LONGEST_RUN = 14;
/** None, the smallest, what voice and games send, whole MTUs, and two that leave in fragments. */
const SIZES = [0, 1, 2, 36, 36, 160, 700, 1200, 1200, 1300, 3000, 9000];

/** The same for the same seed. A run is of one flow and size, but its last, which may be smaller. */
export function planBursts(seed: number): Datagram[][] {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let serial = 0;
  const datagram = (flow: number, size: number): Datagram => {
    const text = `${seed}.${flow}.${serial++}.`;
    return { flow, payload: createHash('shake256', { outputLength: size }).update(text).digest() };
  };
  return Array.from({ length: BURSTS }, () => {
    const runs = Array.from({ length: RUNS_A_BURST }, (_, run) => {
      const size = SIZES[below(SIZES.length)] ?? 0;
      const length = size > 1300 ? 2 : 1 + below(LONGEST_RUN);
      return Array.from({ length }, (_, n) =>
        datagram(run % FLOWS, n === length - 1 ? below(size + 1) : size),
      );
    });
    // Two flows at a time take turns.
    return runs.flatMap((run, n) => (n % 2 === 0 ? interleave(run, runs[n + 1] ?? []) : []));
  });
}

/** What the receiver says of a datagram. */
export const lineOf = ({ flow, payload }: Datagram): string =>
  `${flow} ${payload.length} ${createHash('sha1').update(payload).digest('hex')}`;

function interleave(left: readonly Datagram[], right: readonly Datagram[]): Datagram[] {
  const longest = Math.max(left.length, right.length);
  return Array.from({ length: longest }, (_, n) =>
    [left[n], right[n]].filter((one) => one !== undefined),
  ).flat();
}

async function send(address: string, port: number, seed: number): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: FLOWS }, async (_, flow) => {
      const socket = createSocket(isIPv4(address) ? 'udp4' : 'udp6');
      socket.bind(FIRST_SOURCE_PORT + flow);
      await once(socket, 'listening');
      socket.connect(port, address);
      await once(socket, 'connect');
      return socket;
    }),
  );
  const bursts = planBursts(seed);
  process.on('SIGUSR1', () => {
    const burst = bursts.shift() ?? [];
    let left = burst.length;
    for (const { flow, payload } of burst) {
      sockets[flow]?.send(payload, (error) => {
        if (error !== null) throw error;
        left -= 1;
        if (left === 0) process.stdout.write('sent\n');
      });
    }
  });
  process.stdout.write('ready\n');
}

async function receive(port: number): Promise<void> {
  const socket = createSocket('udp6');
  socket.on('message', (payload, { port: from }) => {
    process.stdout.write(`${lineOf({ flow: from - FIRST_SOURCE_PORT, payload })}\n`);
  });
  socket.bind(port, '::');
  await once(socket, 'listening');
  process.stdout.write('ready\n');
}

const [mode, ...args] = process.argv.slice(2);
if (import.meta.main && mode === 'send') {
  await send(args[0] ?? '', Number(args[1]), Number(args[2]));
} else if (import.meta.main) {
  await receive(Number(args[0]));
}
