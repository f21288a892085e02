// A stream of numbered datagrams, and what of it arrives: the programs at both ends and the class
// that runs them.
//
//   node probe.ts send ADDRESS PORT      a datagram each 10 ms, number 0 first, until SIGTERM;
//                                        then prints how many there were
//   node probe.ts receive ADDRESS PORT   prints the number of each that comes
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import type { Program } from './program.ts';
import { eventually, sleep } from './wait.ts';

/** 100 a second. */
const INTERVAL_MS = 10;
/** Enough that the number fits and that a packet is one of the usual size of voice. */
const SIZE = 160;
/** When nothing has come for so long, nothing more will. */
const QUIET_MS = 2000;

const SCRIPT = fileURLToPath(import.meta.url);

export interface Outcome {
  readonly sent: number;
  readonly lost: readonly number[];
  readonly duplicated: readonly number[];
  /** Numbers that came after a larger one. */
  readonly late: readonly number[];
}

/** A stream from one host to an address of another. */
export class Probe {
  readonly #sender: Program;
  readonly #receiver: Program;

  private constructor(sender: Program, receiver: Program) {
    this.#sender = sender;
    this.#receiver = receiver;
  }

  static async start(from: Host, to: Host, address: string, port: number): Promise<Probe> {
    const run = (host: Host, mode: string): Program =>
      host.spawn(process.execPath, [SCRIPT, mode, address, `${port}`]);
    const receiver = run(to, 'receive');
    await receiver.waitFor(/ready/, 10_000);
    const sender = run(from, 'send');
    await sender.waitFor(/ready/, 10_000);
    return new Probe(sender, receiver);
  }

  /** Ends the stream and says what became of it. */
  async end(): Promise<Outcome> {
    this.#sender.signal('SIGTERM');
    const [, count] = await this.#sender.waitFor(/^sent (\d+)$/m, 5000);
    const sent = Number(count);
    const missing = (): number[] => {
      const seen = new Set(this.#numbers());
      return Array.from({ length: sent }, (_, n) => n).filter((n) => !seen.has(n));
    };
    let before = sent + 1;
    for (let left = missing().length; left > 0 && left < before; left = missing().length) {
      before = left;
      await sleep(QUIET_MS);
    }
    await this.#receiver.stop();
    const came = this.#numbers();
    const duplicated = came.filter((n, at) => came.indexOf(n) !== at);
    let largest = -1;
    const late = came.filter((n) => n < (largest = Math.max(largest, n)));
    return { sent, lost: missing(), duplicated, late };
  }

  /** Waits until the stream arrives. */
  async flowing(): Promise<void> {
    await eventually('the stream arrives', 10_000, () => this.#numbers().length > 0);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sender.stop(), this.#receiver.stop()]);
  }

  #numbers(): number[] {
    return [...this.#receiver.output.matchAll(/^(\d+)\n/gm)].map(([, n]) => Number(n));
  }
}

function send(address: string, port: number): void {
  const socket = createSocket(isIPv4(address) ? 'udp4' : 'udp6');
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    // A timer that is late makes up for it: the stream's rate is the time's.
    for (; sent * INTERVAL_MS < performance.now() - start; sent++) {
      const payload = Buffer.alloc(SIZE);
      payload.writeUInt32BE(sent);
      socket.send(payload, port, address);
    }
  }, INTERVAL_MS);
  process.stdout.write('ready\n');
  process.once('SIGTERM', () => {
    clearInterval(timer);
    process.stdout.write(`sent ${sent}\n`, () => socket.close());
  });
}

async function receive(address: string, port: number): Promise<void> {
  const socket = createSocket(isIPv4(address) ? 'udp4' : 'udp6');
  socket.on('message', (payload) => {
    assert.equal(payload.length, SIZE);
    process.stdout.write(`${payload.readUInt32BE()}\n`);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  process.stdout.write('ready\n');
}

if (import.meta.main) {
  const [mode, address = '', port] = process.argv.slice(2);
  if (mode === 'send') send(address, Number(port));
  else await receive(address, Number(port));
}
