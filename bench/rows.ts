// The rows of the table, as data: what each says, in which unit, and what it is to reach.
import type { MeasurementName } from './measurements.ts';

/** Rows of one plot share its unit and its axis. */
export type PlotName = 'cpu' | 'packets' | 'logins' | 'latency' | 'memory';

export interface Row {
  /** What --only takes. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Behind the decimal point. */
  readonly digits: number;
  readonly measurement: MeasurementName;
  /** Which figure of the measurement it shows. */
  readonly figure: string;
  readonly better: 'less' | 'more';
  /** Absent: measured for its own sake, with no figure to reach. */
  readonly reach?: number;
  readonly aim?: number;
  /** What ocserv took on the machine, and on the day, for which `reach` was set. */
  readonly ocservThen?: number;
  /** CPU per GB is worth comparing only when its rounds agree. */
  readonly steady?: boolean;
  readonly plot?: PlotName;
  /** Stands in the README of the repository. */
  readonly headline?: boolean;
}

const cpu = { unit: 's/GB', digits: 2, better: 'less', steady: true, plot: 'cpu' } as const;
const added = { unit: 'ms', digits: 2, better: 'less', plot: 'latency' } as const;
const ratio = { unit: 'x', digits: 2, better: 'less', steady: true, reach: 1.1, aim: 1 } as const;
/** With two workers, one of which has 35 to 65 percent, the busier has at most 65. */
const share = { unit: '%', digits: 0, better: 'less', reach: 65, aim: 50 } as const;
const goodput = { unit: 'Mbit/s', digits: 0, better: 'more' } as const;
const clientCpu = { unit: 's/GB', digits: 2, better: 'less' } as const;

export const ROWS: readonly Row[] = [
  {
    ...{ name: 'dtls-down', title: 'DTLS, load client, server to client', ...cpu, ocservThen: 6.3 },
    ...{ measurement: 'dtls', figure: 'down', reach: 0.9, aim: 0.65, headline: true },
  },
  {
    ...{ name: 'dtls-up', title: 'DTLS, load client, client to server', ...cpu, ocservThen: 6.6 },
    ...{ measurement: 'dtls', figure: 'up', reach: 0.8, aim: 0.55, headline: true },
  },
  {
    ...{
      name: 'dtls-no-nic-down',
      title: 'the same, down, NIC segmentation off',
      ...cpu,
      ocservThen: 6.3,
    },
    ...{ measurement: 'dtls-no-nic', figure: 'down', reach: 1.5, aim: 1.2 },
  },
  {
    ...{
      name: 'dtls-no-nic-up',
      title: 'the same, up, NIC segmentation off',
      ...cpu,
      ocservThen: 6.6,
    },
    ...{ measurement: 'dtls-no-nic', figure: 'up', reach: 1.5, aim: 1.2 },
  },
  {
    ...{
      name: 'stock-dtls-down',
      title: 'DTLS, stock openconnect, server to client',
      ...cpu,
      ocservThen: 6.3,
    },
    ...{ measurement: 'stock-dtls', figure: 'down', reach: 2.6, aim: 2.2, headline: true },
  },
  {
    ...{
      name: 'stock-dtls-up',
      title: 'DTLS, stock openconnect, client to server',
      ...cpu,
      ocservThen: 6.6,
    },
    ...{ measurement: 'stock-dtls', figure: 'up', reach: 5, aim: 4, headline: true },
  },
  {
    ...{ name: 'cstp-down', title: 'CSTP, load client, server to client', ...cpu, ocservThen: 7.7 },
    ...{ measurement: 'cstp', figure: 'down', reach: 1.8, aim: 1.2, headline: true },
  },
  {
    ...{ name: 'cstp-up', title: 'CSTP, load client, client to server', ...cpu, ocservThen: 9 },
    ...{ measurement: 'cstp', figure: 'up', reach: 1.8, aim: 1.2, headline: true },
  },
  {
    ...{
      name: 'stock-cstp-down',
      title: 'CSTP, stock openconnect, server to client',
      ...cpu,
      ocservThen: 7.7,
    },
    ...{ measurement: 'stock-cstp', figure: 'down', reach: 2.2, aim: 1.9, headline: true },
  },
  {
    ...{
      name: 'stock-cstp-up',
      title: 'CSTP, stock openconnect, client to server',
      ...cpu,
      ocservThen: 9,
    },
    ...{ measurement: 'stock-cstp', figure: 'up', reach: 2, aim: 1.5, headline: true },
  },
  ...(['down', 'up'] as const).map((direction): Row => ({
    name: `packets-${direction}`,
    title: `64-byte packets through DTLS, one worker, ${direction}`,
    ...{ unit: 'kpps', digits: 0, better: 'more', plot: 'packets', headline: true },
    ...{ measurement: 'packets', figure: direction, reach: 150, aim: 300 },
  })),
  ...(['down', 'up'] as const).flatMap((direction): Row[] => [
    {
      name: `two-workers-${direction}`,
      title: `two workers, 40 busy clients, ${direction}: CPU per GB against one worker's`,
      ...{ ...ratio, measurement: 'two-workers', figure: `${direction}Ratio` },
    },
    {
      name: `two-workers-share-${direction}`,
      title: `the same, ${direction}: CPU share of the busier worker (the other has the rest)`,
      ...{ ...share, measurement: 'two-workers', figure: `${direction}Share` },
    },
  ]),
  {
    ...{ name: 'round-trip-p50', title: 'round trip added to an idle path, p50', ...added },
    ...{ measurement: 'round-trip', figure: 'p50', reach: 0.3, aim: 0.2, headline: true },
  },
  {
    ...{ name: 'round-trip-p99', title: 'round trip added to an idle path, p99', ...added },
    ...{ measurement: 'round-trip', figure: 'p99', reach: 1, aim: 0.5, headline: true },
  },
  {
    name: 'crowd-p99',
    title: 'p99 added to 100/s probes while 200 logins/s arrive',
    ...{ ...added, measurement: 'crowd', figure: 'p99', reach: 1, headline: true },
  },
  {
    name: 'busy-p99',
    title: 'p99 added while JavaScript is busy and collects',
    ...{ ...added, measurement: 'busy', figure: 'p99', reach: 1 },
  },
  {
    ...{ name: 'logins-parallel', title: 'full logins per second, 32 at a time' },
    ...{ unit: '/s', digits: 0, better: 'more', plot: 'logins', headline: true },
    // Ten times what the issue that set these goals had seen ocserv do.
    ...{ measurement: 'logins', figure: 'parallel', reach: 400 },
  },
  {
    ...{ name: 'memory', title: 'memory per idle session with DTLS, 10,000 of them' },
    ...{ unit: 'KiB', digits: 0, better: 'less', plot: 'memory', headline: true },
    ...{ measurement: 'held', figure: 'kibPerSession', reach: 40, aim: 20 },
  },
  {
    ...{ name: 'hundred-thousand', title: 'sessions held at once, DPD answered, probed' },
    ...{ unit: 'sessions', digits: 0, better: 'more' },
    ...{ measurement: 'hundred-thousand', figure: 'sessions', reach: 100_000, headline: true },
  },
  {
    ...{ name: 'idle-cpu', title: 'server CPU with 10,000 idle sessions' },
    ...{ unit: '% of a core', digits: 1, better: 'less', headline: true },
    ...{ measurement: 'held', figure: 'idleCpuPercent', reach: 2 },
  },
  {
    ...{ name: 'logins-sequential', title: 'full logins per second, one after the other' },
    ...{ unit: '/s', digits: 0, better: 'more', plot: 'logins' },
    ...{ measurement: 'logins', figure: 'sequential' },
  },
  {
    ...{ name: 'hundred-thousand-memory', title: 'memory per session of those 100,000' },
    ...{ unit: 'KiB', digits: 0, better: 'less' },
    ...{ measurement: 'hundred-thousand', figure: 'kibPerSession' },
  },
  {
    ...{ name: 'hundred-thousand-cpu', title: 'server CPU with those 100,000' },
    ...{ unit: '% of a core', digits: 1, better: 'less' },
    ...{ measurement: 'hundred-thousand', figure: 'idleCpuPercent' },
  },
  ...(['down', 'up'] as const).map((direction): Row => ({
    name: `dtls-plain-nic-${direction}`,
    title: `DTLS, load client, ${direction}, NIC segmentation off and GRO on, as plain cards have it`,
    ...{ unit: 's/GB', digits: 2, better: 'less', steady: true },
    ...{ measurement: 'dtls-plain-nic', figure: direction },
  })),
  {
    name: 'packets-down-trains',
    title: '64-byte packets down, in trains of 32 from a sender with UDP_SEGMENT',
    ...{ unit: 'kpps', digits: 0, better: 'more', measurement: 'packets', figure: 'downTrains' },
  },
  ...(['down', 'downTrains', 'up'] as const).map((figure): Row => ({
    name: `packets-${figure}-cores`,
    title: `those packets, ${figure}: CPU of the server`,
    ...{ unit: 'cores', digits: 2, better: 'less' },
    ...{ measurement: 'packets', figure: `${figure}ServerCores` },
  })),
  ...(['dtls', 'dtls-no-nic', 'stock-dtls', 'cstp', 'stock-cstp'] as const).flatMap((name) =>
    (['down', 'up'] as const).flatMap((direction): Row[] => [
      {
        name: `${name}-${direction}-goodput`,
        title: `${name}, ${direction}: how fast it went`,
        ...{ ...goodput, measurement: name, figure: `${direction}MbitPerSecond` },
      },
      {
        name: `${name}-${direction}-client`,
        title: `${name}, ${direction}: CPU of the client`,
        ...{ ...clientCpu, measurement: name, figure: `${direction}Client` },
      },
    ]),
  ),
];
