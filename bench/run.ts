// ocserv and wolfguard side by side: the same machine, the same clients, the same traffic. See
// README.md for the method, and --help for the options.
//
//   options.ts ─ runner.ts ─ measurements.ts ─ measure/*    what is measured, and how
//                   │
//               results.ts ─ summary.ts (with rows.ts) ─ table.ts, plot.ts, readme.ts
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { WolfguardError } from '../core/error.ts';
import { readCommit, readMachine } from './machine.ts';
import { MEASUREMENTS } from './measurements.ts';
import { parseBenchOptions, usageText, type BenchOptions } from './options.ts';
import { drawPlots } from './plots.ts';
import { benchFigures, mainFigures, replaceFigures } from './readme.ts';
import { mergeResults, readHundredThousand, readResults, RESULTS_FILE } from './results.ts';
import type { Results } from './results.ts';
import { ROWS } from './rows.ts';
import { runAll } from './runner.ts';
import { SERVERS, type ServerName } from './scene.ts';
import { summarize, type RowSummary } from './summary.ts';
import { renderOthers, renderTargets } from './table.ts';

/** Of --quick; building, tables and plots have the rest of the five minutes. */
const QUICK_BUDGET_MS = 280_000;

const progress = (line: string): void => console.error(`bench: ${line}`);
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

try {
  const options = parseBenchOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usageText());
  else if (options.writeReadme) writeReadmes();
  else await measure(options);
} catch (error) {
  if (!(error instanceof WolfguardError)) throw error;
  progress(error.message);
  process.exitCode = 2;
}

async function measure(options: BenchOptions): Promise<void> {
  checkPrograms();
  buildLoadClient();
  const { quick, rounds, seconds, only } = options;
  const machine = readMachine();
  const commit = readCommit();
  const { samples, failures } = await runAll({
    ...{ quick, rounds, seconds, commit, progress, servers: availableServers() },
    measurements: MEASUREMENTS.filter(({ name }) => only.has(name)),
    budgetMs: quick ? QUICK_BUDGET_MS : Infinity,
  });
  if (only.has('hundred-thousand')) holdHundredThousand();
  const date = new Date().toISOString();
  const facts = { date, commit, quick, rounds, seconds, machine };
  const results = mergeResults(readResultsQuietly(), { ...facts, rows: [], failures, samples });
  const rows = summaryOf(results);
  writeFileSync(RESULTS_FILE, `${JSON.stringify({ ...results, rows }, undefined, 2)}\n`);
  writePlots(rows);
  const shown = rows.filter(({ measurement }) => only.has(measurement));
  process.stdout.write(`\n${renderTargets(shown)}\n${renderOthers(shown)}\n`);
  for (const [name, value] of Object.entries(machine)) process.stdout.write(`${name}: ${value}\n`);
  if (failures.length === 0) return;
  progress(`${failures.length} measurements failed: they are not in the table`);
  process.exitCode = 1;
}

function summaryOf({ samples, failures }: Results): RowSummary[] {
  const hundredThousand = readHundredThousand();
  const all = [...samples, ...(hundredThousand === undefined ? [] : [hundredThousand])];
  return summarize(ROWS, all, failures);
}

function writeReadmes(): void {
  const results = readResults();
  if (results === undefined) {
    throw new WolfguardError('BENCH_RESULTS', 'nothing was measured yet: run "npm run bench"');
  }
  const rows = summaryOf(results);
  writePlots(rows);
  for (const [file, figures] of [
    ['../README.md', mainFigures(results, rows)],
    ['README.md', benchFigures(results, rows)],
  ] as const) {
    writeFileSync(path(file), replaceFigures(readFileSync(path(file), 'utf8'), figures));
  }
}

function writePlots(rows: readonly RowSummary[]): void {
  mkdirSync(path('plots'), { recursive: true });
  for (const { name, svg } of drawPlots(rows)) writeFileSync(path(`plots/${name}.svg`), svg);
}

/** Results of an older version are no reason not to measure. */
function readResultsQuietly(): Results | undefined {
  try {
    return readResults();
  } catch {
    progress('the old bench/results.json cannot be read: it is replaced');
    return undefined;
  }
}

function checkPrograms(): void {
  if (process.getuid?.() !== 0) {
    throw new WolfguardError('BENCH_ROOT', 'it makes network namespaces: run it as root');
  }
  const programs = ['ip', 'nft', 'ethtool', 'openconnect', 'iperf3', 'ping', 'openssl', 'chrt'];
  const missing = programs.filter((name) => spawnSync(name, ['-V']).error !== undefined);
  if (missing.length > 0) {
    throw new WolfguardError(
      'BENCH_PROGRAMS',
      `${missing.join(', ')} not found: apt-get install iproute2 nftables ethtool openconnect iperf3 iputils-ping openssl util-linux`,
    );
  }
}

function availableServers(): readonly ServerName[] {
  if (spawnSync('ocserv', ['--version']).error === undefined) return SERVERS;
  progress('ocserv is not installed (apt-get install ocserv): its columns stay empty');
  return ['wolfguard'];
}

/** Quick when nothing has changed. */
function buildLoadClient(): void {
  progress('building the load client');
  const { status } = spawnSync(process.execPath, [path('build.mjs')], { stdio: 'inherit' });
  if (status !== 0) {
    throw new WolfguardError('BENCH_BUILD', 'the load client could not be built: see above');
  }
}

function holdHundredThousand(): void {
  const program = path('hundred_thousand.ts');
  if (!existsSync(program)) {
    throw new WolfguardError('BENCH_PROGRAMS', 'bench/hundred_thousand.ts is not there');
  }
  const { status } = spawnSync(process.execPath, [program], { stdio: ['ignore', 2, 'inherit'] });
  if (status !== 0) throw new WolfguardError('BENCH_FAILED', 'hundred-thousand failed: see above');
}
