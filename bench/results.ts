// results.json: every sample of a run, where and when it was taken, and what the rows make of it.
import { existsSync, readFileSync } from 'node:fs';
import { WolfguardError } from '../core/error.ts';
import type { MeasurementName } from './measurements.ts';
import type { ServerName } from './scene.ts';
import type { RowSummary } from './summary.ts';

/** One measurement of one server in one round. */
export interface Sample {
  readonly measurement: MeasurementName;
  readonly server: ServerName;
  readonly round: number;
  readonly figures: Readonly<Record<string, number>>;
  /** What was measured instead of what the row says. */
  readonly instead?: string;
  readonly date: string;
  readonly commit: string;
}

/** A measurement whose terms did not hold. */
export interface Failure extends Omit<Sample, 'figures' | 'instead'> {
  readonly reason: string;
}

export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly quick: boolean;
  /** Rounds asked for; measurements that take minutes have fewer. */
  readonly rounds: number;
  /** Of traffic, each time. */
  readonly seconds: number;
  readonly machine: Readonly<Record<string, string>>;
  /** Made from the samples, for whoever reads the file. */
  readonly rows: readonly RowSummary[];
  readonly failures: readonly Failure[];
  readonly samples: readonly Sample[];
}

export const RESULTS_FILE = new URL('results.json', import.meta.url);
/** What hundred_thousand.ts leaves behind. */
const HUNDRED_THOUSAND_FILE = new URL('hundred_thousand.json', import.meta.url);

/** Undefined when there was no run yet. Throws WolfguardError BENCH_RESULTS for anything else. */
export function readResults(): Results | undefined {
  if (!existsSync(RESULTS_FILE)) return undefined;
  const results = JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as Partial<Results>;
  if (!Array.isArray(results.samples) || results.machine === undefined) {
    throw new WolfguardError(
      'BENCH_RESULTS',
      'bench/results.json is not of this version: delete it and run "npm run bench"',
    );
  }
  return results as Results;
}

/**
 * The new results, with what the old ones say about measurements that the new run left out: one
 * row may be measured again without an hour for all others. Runs of different kinds do not mix.
 */
export function mergeResults(old: Results | undefined, fresh: Results): Results {
  if (old === undefined || !sameKind(old, fresh)) return fresh;
  const measured = new Set([...fresh.samples, ...fresh.failures].map((one) => one.measurement));
  const kept = <T extends { readonly measurement: MeasurementName }>(all: readonly T[]): T[] =>
    all.filter(({ measurement }) => !measured.has(measurement));
  return {
    ...fresh,
    failures: [...kept(old.failures), ...fresh.failures],
    samples: [...kept(old.samples), ...fresh.samples],
  };
}

const sameKind = (a: Results, b: Results): boolean =>
  a.quick === b.quick && JSON.stringify(a.machine) === JSON.stringify(b.machine);

/** The parts of hundred_thousand.json that the table has room for. */
interface HundredThousand {
  readonly date: string;
  readonly afterwards: { readonly stillUpByDtls: number };
  readonly memory: { readonly kibPerSession: number };
  readonly idle: { readonly serverCores: number };
}

/** The result of hundred_thousand.ts as a sample; undefined when it has never been run. */
export function readHundredThousand(): Sample | undefined {
  if (!existsSync(HUNDRED_THOUSAND_FILE)) return undefined;
  return sampleOfHundredThousand(
    JSON.parse(readFileSync(HUNDRED_THOUSAND_FILE, 'utf8')) as HundredThousand,
  );
}

/** What is still up by DTLS at the end counts, not what had once connected. */
export function sampleOfHundredThousand(report: HundredThousand): Sample {
  return {
    ...{ measurement: 'hundred-thousand', server: 'wolfguard', round: 0, commit: '' },
    date: report.date,
    figures: {
      sessions: report.afterwards.stillUpByDtls,
      kibPerSession: report.memory.kibPerSession,
      idleCpuPercent: report.idle.serverCores * 100,
    },
  };
}
