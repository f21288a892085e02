// What the samples say about each row: median and spread of each server, and whether the row
// reaches what it is to reach.
import type { Failure, Sample } from './results.ts';
import type { Row } from './rows.ts';
import { relativeSpread, spreadOf, type Spread } from './statistics.ts';

/** Rounds of a CPU row that lie further apart than that share of their median prove little. */
const NOISY = 0.25;

export interface Measured extends Spread {
  readonly noisy: boolean;
  /** What was measured instead of what the row says. */
  readonly instead?: string;
}

export type Verdict = 'aim' | 'reach' | 'missed' | 'failed' | 'not measured' | 'other terms' | '';

export interface RowSummary extends Row {
  readonly ocserv?: Measured;
  readonly wolfguard?: Measured;
  /** Of ours by ocserv's in this run, and what reach asked for, as of the day it was set. */
  readonly share?: { readonly measured: number; readonly reach: number };
  /** '' = the row has nothing to reach. */
  readonly verdict: Verdict;
}

/** A line for each row, in their order. */
export function summarize(
  rows: readonly Row[],
  samples: readonly Sample[],
  failures: readonly Failure[] = [],
): RowSummary[] {
  return rows.map((row) => {
    const of = (server: Sample['server']): Measured | undefined =>
      measuredOf(
        row,
        samples.filter((one) => one.measurement === row.measurement && one.server === server),
      );
    const [ocserv, wolfguard] = [of('ocserv'), of('wolfguard')];
    const failed = failures.some(
      (one) => one.measurement === row.measurement && one.server === 'wolfguard',
    );
    return {
      ...row,
      ...(ocserv === undefined ? {} : { ocserv }),
      ...(wolfguard === undefined ? {} : { wolfguard }),
      ...shareOf(row, ocserv, wolfguard),
      verdict: judge(row, wolfguard, failed),
    };
  });
}

function measuredOf(row: Row, samples: readonly Sample[]): Measured | undefined {
  const spread = spreadOf(samples.flatMap(({ figures }) => figures[row.figure] ?? []));
  if (spread === undefined) return undefined;
  const instead = samples.find((sample) => sample.instead !== undefined)?.instead;
  return {
    ...spread,
    noisy: row.steady === true && relativeSpread(spread) > NOISY,
    ...(instead === undefined ? {} : { instead }),
  };
}

/** How fast a machine is differs from hour to hour, and both servers feel it alike. */
function shareOf(
  { reach, ocservThen }: Row,
  ocserv: Measured | undefined,
  wolfguard: Measured | undefined,
): Pick<RowSummary, 'share'> {
  if (reach === undefined || ocservThen === undefined) return {};
  if (ocserv === undefined || wolfguard === undefined || ocserv.median === 0) return {};
  return { share: { measured: wolfguard.median / ocserv.median, reach: reach / ocservThen } };
}

function judge(row: Row, measured: Measured | undefined, failed: boolean): Verdict {
  if (row.reach === undefined) return '';
  if (measured === undefined) return failed ? 'failed' : 'not measured';
  if (measured.instead !== undefined) return 'other terms';
  const meets = (target: number): boolean =>
    row.better === 'less' ? measured.median <= target : measured.median >= target;
  if (row.aim !== undefined && meets(row.aim)) return 'aim';
  return meets(row.reach) ? 'reach' : 'missed';
}
