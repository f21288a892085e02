// The bench's command line.
import { parseArgs } from 'node:util';
import { WolfguardError } from '../core/error.ts';
import { MEASUREMENTS, type MeasurementName } from './measurements.ts';
import { ROWS } from './rows.ts';

export interface BenchOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly only: ReadonlySet<MeasurementName>;
  readonly writeReadme: boolean;
  readonly help: boolean;
}

const FULL = { rounds: 5, seconds: 5 } as const;
/** As many rounds as five minutes allow, and no more than that. */
const QUICK = { rounds: 3, seconds: 2 } as const;

/** Throws WolfguardError BENCH_USAGE with a sentence for the first thing that is wrong. */
export function parseBenchOptions(argv: readonly string[]): BenchOptions {
  const values = parse(argv);
  const standard = values.quick === true ? QUICK : FULL;
  const count = (name: 'rounds' | 'seconds'): number => {
    const value = Number(values[name] ?? standard[name]);
    if (!Number.isInteger(value) || value < 1 || value > 1000) {
      throw usage(`--${name} wants a whole number from 1 to 1000`);
    }
    return value;
  };
  return {
    quick: values.quick === true,
    rounds: count('rounds'),
    seconds: count('seconds'),
    only: chooseMeasurements(values.only),
    writeReadme: values['write-readme'] === true,
    help: values.help === true,
  };
}

/** What --help says. */
export function usageText(): string {
  const names = MEASUREMENTS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n');
  return `npm run bench -- [options]        as root; about half an hour

  --quick           all rows but the 100,000 sessions, within 5 minutes: fewer and shorter rounds
  --only ROW,ROW    these rows, or all rows of these measurements; others keep their last figures
  --rounds N        (${FULL.rounds}, with --quick up to ${QUICK.rounds})
  --seconds N       of traffic, each time (${FULL.seconds}, with --quick ${QUICK.seconds})
  --write-readme    no measurement: writes figures and plots of the last run into the READMEs
  --help            this text

Measurements (each gives several rows; "hundred-thousand" runs only when it is named):

${names}
  hundred-thousand  100,000 sessions

Rows: ${ROWS.map(({ name }) => name).join(', ')}

The table goes to stdout and progress to stderr; bench/results.json has every sample, bench/plots
the drawings. The exit code is 1 when a measurement failed.
`;
}

function chooseMeasurements(only: string | undefined): Set<MeasurementName> {
  if (only === undefined) return new Set(MEASUREMENTS.map(({ name }) => name));
  const names = only.split(',').map((name): MeasurementName => {
    const row = ROWS.find((one) => one.name === name || one.measurement === name);
    if (row === undefined) {
      throw usage(`--only: there is no row "${name}"; --help lists them`);
    }
    return row.measurement;
  });
  return new Set(names);
}

function parse(argv: readonly string[]) {
  const word = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        ...{ quick: flag, only: word, rounds: word, seconds: word },
        ...{ 'write-readme': flag, help: flag },
      },
    }).values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

const usage = (message: string): WolfguardError => new WolfguardError('BENCH_USAGE', message);
