// Flows of one user below one limit: what each gets, and Jain's index of that: 1 = all the same,
// 1/n = one has everything.
import { parseRate } from '../../config/quantities.ts';
import { ALICE } from '../../test/scenario/harness/accounts.ts';
import { Client } from '../../test/scenario/harness/client.ts';
import { Lab } from '../../test/scenario/harness/lab.ts';
import { Server } from '../../test/scenario/harness/server.ts';
import { FAR_NETWORK, FarHost, type Stream } from './far_host.ts';

const SECONDS = 12;
/** Until TCPs have found their rates. */
const OMIT_SECONDS = 4;
/** How much more than the limit the greedy one sends. */
const GREED = 3;

export async function fair(args: readonly string[]): Promise<void> {
  const [limit = '10Mbit', direction = 'down', mix = 'rtt', congestion = 'cubic'] = args;
  const streams = mixOf(mix, parseRate(limit) ?? 0);
  const lab = new Lab();
  try {
    await Server.start(lab, {
      policy: { rx_limit: limit, tx_limit: limit, routes: ['10.77.0.0/16', FAR_NETWORK] },
      log: { level: 'info' },
    });
    await Client.connect(lab, { account: ALICE });
    const far = await FarHost.start(
      lab,
      streams.map(({ roundTripMs }) => roundTripMs),
    );
    const rates = await far.run(streams, direction === 'up' ? 'up' : 'down', {
      seconds: SECONDS,
      omit: OMIT_SECONDS,
      congestion,
    });
    const sum = rates.reduce((total, rate) => total + rate, 0);
    const each = rates.map((rate) => rate.toFixed(2)).join(' ');
    console.log(
      `${limit} ${direction} ${mix} ${congestion}: ${each} Mbit/s, ` +
        `sum ${sum.toFixed(2)}, Jain ${jain(rates).toFixed(3)}`,
    );
  } finally {
    await lab.close();
  }
}

/** "rtt": TCPs of different round trips. "udp": three TCPs beside a UDP that wants everything. */
const mixOf = (mix: string, limit: number): Stream[] =>
  mix === 'udp'
    ? [
        { roundTripMs: 20, udp: GREED * limit },
        ...[20, 20, 20].map((roundTripMs) => ({ roundTripMs })),
      ]
    : [5, 20, 50, 100].map((roundTripMs) => ({ roundTripMs }));

const jain = (rates: readonly number[]): number => {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const squares = rates.reduce((total, rate) => total + rate * rate, 0);
  return sum ** 2 / (rates.length * squares);
};
