// A host behind the VPN server, reached at 10.99.N.1 with N ms more of round trip, and iperf3 on it.
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../test/scenario/harness/lab.ts';
import type { Host } from '../../test/scenario/harness/host.ts';

const DELAY_BOX = fileURLToPath(new URL('delay_box.ts', import.meta.url));
const FIRST_PORT = 5201;
/** What fits the tunnel anyway. */
const MTU = '1300';

export const FAR_NETWORK = '10.99.0.0/16';

/** One stream of iperf3. */
export interface Stream {
  readonly roundTripMs: number;
  /** UDP at that rate in bit/s; undefined = TCP, as fast as it goes. */
  readonly udp?: number;
}

export class FarHost {
  readonly #lab: Lab;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** `roundTripsMs`: of its addresses. */
  static async start(lab: Lab, roundTripsMs: readonly number[]): Promise<FarHost> {
    const far = lab.host();
    const box = lab.server.spawn(process.execPath, [DELAY_BOX, 'slow-near', 'slow-far']);
    lab.onClose(() => box.stop());
    await box.waitFor(/^ready$/m, 10_000);
    lab.server.ip('link', 'set', 'slow-far', 'netns', far.namespace);
    up(lab.server, 'slow-near');
    lab.server.ip('route', 'add', FAR_NETWORK, 'dev', 'slow-near');
    for (const ms of new Set(roundTripsMs)) {
      far.ip('addr', 'add', `10.99.${ms}.1/32`, 'dev', 'slow-far');
    }
    up(far, 'slow-far');
    far.ip('route', 'add', 'default', 'dev', 'slow-far');
    for (const n of roundTripsMs.keys()) {
      const program = far.spawn('iperf3', ['-s', '--forceflush', '-p', `${FIRST_PORT + n}`]);
      lab.onClose(() => program.stop());
      await program.waitFor(/Server listening/, 5000);
    }
    return new FarHost(lab);
  }

  /** All at once; what each got through in Mbit/s, the first `omit` seconds left out. */
  run(
    streams: readonly Stream[],
    direction: 'down' | 'up',
    options: { readonly seconds: number; readonly omit: number; readonly congestion: string },
  ): Promise<number[]> {
    const { seconds, omit, congestion } = options;
    return Promise.all(
      streams.map(async ({ roundTripMs, udp }, n) => {
        const program = this.#lab.client.spawn('iperf3', [
          ...['-c', `10.99.${roundTripMs}.1`, '-p', `${FIRST_PORT + n}`, '-J'],
          ...['-t', `${seconds}`, '-O', `${omit}`, ...(direction === 'down' ? ['-R'] : [])],
          ...(udp === undefined ? ['-C', congestion] : ['-u', '-b', `${udp}`, '-l', '1200']),
        ]);
        await program.waitForExit((seconds + omit) * 1000 + 20_000);
        return receivedMbit(program.output);
      }),
    );
  }
}

function up(host: Host, device: string): void {
  host.ip('link', 'set', device, 'mtu', MTU, 'up');
}

function receivedMbit(output: string): number {
  const report = JSON.parse(output) as {
    readonly error?: string;
    readonly end?: {
      readonly sum_received?: { readonly bits_per_second: number };
    };
  };
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return (report.end?.sum_received?.bits_per_second ?? 0) / 1e6;
}
