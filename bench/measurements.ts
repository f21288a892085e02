// The measurements, each of which gives the figures of one or more rows.
import { bulk } from './measure/bulk.ts';
import { busy, crowd } from './measure/crowd.ts';
import { held } from './measure/held.ts';
import { logins } from './measure/logins.ts';
import { packets } from './measure/packets.ts';
import { roundTrip } from './measure/round_trip.ts';
import { stock } from './measure/stock.ts';
import { twoWorkers } from './measure/two_workers.ts';
import type { Scene, SceneOptions, ServerName } from './scene.ts';

export type MeasurementName =
  | 'dtls'
  | 'dtls-no-nic'
  | 'dtls-plain-nic'
  | 'cstp'
  | 'stock-dtls'
  | 'stock-cstp'
  | 'packets'
  | 'two-workers'
  | 'round-trip'
  | 'crowd'
  | 'busy'
  | 'logins'
  | 'held'
  | 'hundred-thousand';

/** What a measurement is given. */
export interface Bench {
  readonly server: ServerName;
  /** How long traffic of each kind shall flow. */
  readonly seconds: number;
  readonly quick: boolean;
  /** Starts the server in namespaces of its own; the runner closes all scenes at the end. */
  readonly open: (options?: SceneOptions) => Promise<Scene>;
}

export interface Outcome {
  readonly figures: Readonly<Record<string, number>>;
  /** What was measured instead of what the row says ("500 sessions"); the table shows it. */
  readonly instead?: string;
}

export interface Measurement {
  readonly name: MeasurementName;
  readonly about: string;
  readonly servers: readonly ServerName[];
  /** Never more rounds than that: it takes minutes. */
  readonly maxRounds?: number;
  /** Rejects when its own terms do not hold: no figure is better than a wrong one. */
  readonly take: (bench: Bench) => Promise<Outcome>;
}

const BOTH = ['ocserv', 'wolfguard'] as const;
const OURS = ['wolfguard'] as const;

/** In the order in which a round goes through them. */
export const MEASUREMENTS: readonly Measurement[] = [
  { name: 'dtls', about: 'bulk by DTLS, load client', servers: BOTH, take: bulk('dtls') },
  {
    name: 'dtls-no-nic',
    about: 'the same, the network device cuts no trains',
    servers: BOTH,
    take: bulk('dtls', { nicSegmentation: false }),
  },
  {
    name: 'dtls-plain-nic',
    about: 'the same, but it joins what arrives',
    servers: BOTH,
    take: bulk('dtls', { nicSegmentation: false, nicJoining: true }),
  },
  { name: 'stock-dtls', about: 'bulk by DTLS, openconnect', servers: BOTH, take: stock('dtls') },
  { name: 'cstp', about: 'bulk by TLS, load client', servers: BOTH, take: bulk('tls') },
  { name: 'stock-cstp', about: 'bulk by TLS, openconnect', servers: BOTH, take: stock('tls') },
  { name: 'packets', about: '64-byte packets, one worker', servers: BOTH, take: packets },
  { name: 'two-workers', about: '40 clients, 1 and 2 workers', servers: OURS, take: twoWorkers },
  { name: 'round-trip', about: 'ping through an idle tunnel', servers: BOTH, take: roundTrip },
  { name: 'crowd', about: 'probes while 200 logins/s arrive', servers: BOTH, take: crowd },
  { name: 'busy', about: 'probes beside busy JavaScript', servers: OURS, take: busy },
  { name: 'logins', about: 'logins per second', servers: BOTH, maxRounds: 3, take: logins },
  { name: 'held', about: '10,000 idle sessions', servers: BOTH, maxRounds: 1, take: held },
];
