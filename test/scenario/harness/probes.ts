// Which of many connections get through: a server that answers on many ports, and a client that asks
// all of them at once. Both are programs, since they run on hosts of the lab.
//
//   node probes.ts serve TCP-PORTS UDP-PORTS      "22,80 53"; prints "listening"
//   node probes.ts ask PROBES                     JSON; prints the answered ones' names as JSON
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';

export interface Probe {
  readonly proto: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Waited for as long as a busy machine may need; others get as long as those took. */
  readonly expected: boolean;
}

const PROGRAM = fileURLToPath(import.meta.url);
/** On a busy machine; who is expected to answer is waited for. */
const PATIENCE_MS = 15_000;
/** Several packets, which an answer would have had time for. */
const LEAST_MS = 700;
const AGAIN_MS = 200;

/** Answers on these ports of all addresses of a host, until the lab is closed. */
export async function serveProbes(
  lab: Lab,
  host: Host,
  ports: { readonly tcp: readonly number[]; readonly udp: readonly number[] },
): Promise<void> {
  const program = host.spawn(process.execPath, [
    ...[PROGRAM, 'serve', ports.tcp.join(), ports.udp.join()],
  ]);
  lab.onClose(() => program.stop());
  await program.waitFor(/listening/, 15_000);
}

/** Of each probe, in its order, whether it was answered. */
export async function askProbes(host: Host, probes: readonly Probe[]): Promise<boolean[]> {
  const program = host.spawn(process.execPath, [PROGRAM, 'ask', JSON.stringify(probes)]);
  const [, answered] = await program.waitFor(/^ANSWERED (.*)$/m, PATIENCE_MS + 10_000);
  await program.waitForExit(5000);
  return JSON.parse(answered ?? '') as boolean[];
}

const listOf = (text: string | undefined): number[] => (text ?? '').split(',').map(Number);

async function serve(tcp: readonly number[], udp: readonly number[]): Promise<void> {
  await Promise.all([
    ...tcp.map(
      (port) =>
        new Promise<void>((resolve) => {
          createServer((socket) => {
            socket.on('error', () => undefined);
            socket.end('here');
          }).listen(port, '::', resolve);
        }),
    ),
    ...udp.map(
      (port) =>
        new Promise<void>((resolve) => {
          const socket = createSocket('udp6');
          socket.on('message', (_, { address, port: from }) => socket.send('here', from, address));
          socket.bind(port, '::', resolve);
        }),
    ),
  ]);
  process.stdout.write('listening\n');
}

async function ask(probes: readonly Probe[]): Promise<void> {
  const answered = probes.map(() => false);
  const begun = performance.now();
  probes.forEach((probe, index) => {
    const note = (): void => {
      answered[index] = true;
    };
    if (probe.proto === 'tcp') tryTcp(probe, note);
    else tryUdp(probe, note);
  });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const elapsed = performance.now() - begun;
    const done = probes.every(({ expected }, index) => !expected || answered[index] === true);
    if ((done && elapsed > LEAST_MS) || elapsed > PATIENCE_MS) break;
  }
  process.stdout.write(`ANSWERED ${JSON.stringify(answered)}\n`, () => process.exit(0));
}

/** A connection is an answer only with what the server says. */
function tryTcp({ address, port }: Probe, note: () => void): void {
  const socket = connect({ host: address, port });
  socket.on('data', note);
  socket.on('error', () => undefined);
}

function tryUdp({ address, port }: Probe, note: () => void): void {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', note);
  socket.on('error', () => undefined);
  const send = (): void => socket.send('hello', port, address, () => undefined);
  send();
  setInterval(send, AGAIN_MS);
}

if (process.argv[1] === PROGRAM) {
  const [, , what, first, second] = process.argv;
  if (what === 'serve') await serve(listOf(first), listOf(second));
  else await ask(JSON.parse(first ?? '') as Probe[]);
}
