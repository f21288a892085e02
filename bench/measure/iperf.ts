// TCP bulk through one or many inside addresses at a time, with what it costs the server.
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../../test/scenario/harness/proc.ts';
import type { Program } from '../../test/scenario/harness/program.ts';
import type { Scene } from '../scene.ts';

/** Of goodput, the unit of all costs here. */
const BYTES_PER_GB = 1e9;
const FIRST_PORT = 5201;
/** Beyond the seconds of traffic: connecting, and the last word of both ends. */
const PATIENCE_MS = 30_000;

export type Direction = 'down' | 'up';
export const DIRECTIONS = ['down', 'up'] as const;

export interface BulkCost {
  /** Seconds of CPU for each GB. */
  readonly server: number;
  readonly client: number;
  readonly megabitPerSecond: number;
  /** CPU seconds of each process that was watched, in the order given. */
  readonly watched: readonly number[];
}

export class Iperf {
  readonly #scene: Scene;
  readonly #addresses: readonly string[];

  private constructor(scene: Scene, addresses: readonly string[]) {
    this.#scene = scene;
    this.#addresses = addresses;
  }

  /** A server for each inside address of clients: an iperf3 server serves one at a time. */
  static async start(scene: Scene, addresses: readonly string[]): Promise<Iperf> {
    for (const n of addresses.keys()) {
      const args = ['-s', '--forceflush', '-p', `${FIRST_PORT + n}`];
      const program = scene.lab.server.spawn('iperf3', args);
      scene.lab.onClose(() => program.stop());
      await program.waitFor(/Server listening/, 5000);
    }
    return new Iperf(scene, addresses);
  }

  /** One TCP stream through each address for that time; `watched` are pids of the server. */
  async run(
    direction: Direction,
    seconds: number,
    client: Pick<Program, 'pid'>,
    watched: readonly number[] = [],
  ): Promise<BulkCost> {
    const read = () => ({
      server: this.#scene.cpuSeconds(),
      client: cpuOf(client.pid),
      watched: watched.map(cpuOf),
    });
    const before = read();
    const programs = this.#addresses.map((address, n) =>
      this.#stream(n, address, direction, seconds),
    );
    const received = await Promise.all(
      programs.map(async (program) => {
        await program.waitForExit(seconds * 1000 + PATIENCE_MS);
        return receivedBytes(program.output);
      }),
    );
    await sleep(TICK_MS);
    const after = read();
    const bytes = received.reduce((sum, one) => sum + one, 0);
    return {
      server: (after.server - before.server) / (bytes / BYTES_PER_GB),
      client: (after.client - before.client) / (bytes / BYTES_PER_GB),
      megabitPerSecond: (bytes * 8) / seconds / 1e6,
      watched: after.watched.map((cpu, n) => cpu - (before.watched[n] ?? 0)),
    };
  }

  /** First down, then up: the figures of a bulk row, by name. */
  async bothWays(seconds: number, client: Pick<Program, 'pid'>): Promise<Record<string, number>> {
    const figures: Record<string, number> = {};
    for (const direction of DIRECTIONS) {
      const cost = await this.run(direction, seconds, client);
      figures[direction] = cost.server;
      figures[`${direction}Client`] = cost.client;
      figures[`${direction}MbitPerSecond`] = cost.megabitPerSecond;
    }
    return figures;
  }

  #stream(n: number, address: string, direction: Direction, seconds: number): Program {
    return this.#scene.lab.client.spawn('iperf3', [
      ...['-c', this.#scene.inside4, '-B', address, '-p', `${FIRST_PORT + n}`, '-J'],
      ...['-t', `${seconds}`, ...(direction === 'down' ? ['-R'] : [])],
    ]);
  }
}

/** The kernel books CPU time in steps of that length. */
const TICK_MS = 10;

const cpuOf = (pid: number): number => readStat(pid)?.cpuSeconds ?? 0;

function receivedBytes(output: string): number {
  const report = JSON.parse(output) as {
    readonly error?: string;
    readonly end?: { readonly sum_received?: { readonly bytes: number } };
  };
  const bytes = report.end?.sum_received?.bytes ?? 0;
  if (report.error !== undefined || bytes === 0) {
    throw new Error(`iperf3: ${report.error ?? 'nothing came through'}`);
  }
  return bytes;
}
