// The parts of the READMEs that hold figures: made from results.json, between markers, so that no
// figure is typed by hand.
import { WolfguardError } from '../core/error.ts';
import { PLOTS } from './plots.ts';
import type { Results } from './results.ts';
import type { RowSummary } from './summary.ts';
import { renderHeadlines, renderOthers, renderTargets } from './table.ts';

const BEGIN = '<!-- figures: begin (written by node bench/run.ts --write-readme) -->';
const END = '<!-- figures: end -->';

/** The text with what stands between the markers replaced. Throws WolfguardError BENCH_README. */
export function replaceFigures(text: string, figures: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new WolfguardError('BENCH_README', `a README lacks the lines "${BEGIN}" and "${END}"`);
  }
  return `${text.slice(0, begin + BEGIN.length)}\n${figures}\n${text.slice(end)}`;
}

/** For the README of the repository. */
export function mainFigures(results: Results, rows: readonly RowSummary[]): string {
  const { machine } = results;
  return [
    renderHeadlines(rows),
    `${ways(results)} ${machine['cores'] ?? '?'} cores of an ${machine['processor'] ?? '?'}, Linux ${machine['kernel'] ?? '?'}, ${machine['ocserv'] ?? '?'}, ${date(results)}.\n`,
    images('bench/', rows),
  ].join('\n');
}

/** For the README of the bench. */
export function benchFigures(results: Results, rows: readonly RowSummary[]): string {
  const others = renderOthers(rows);
  const facts = Object.entries(results.machine).map(([name, value]) => `${name} ${value}`);
  const commits = [...new Set(results.samples.map(({ commit }) => commit))];
  return [
    `${ways(results)} ${date(results)}, commit ${commits.join(', ')}; ${facts.join('; ')}.\n`,
    renderTargets(rows),
    ...failuresOf(results),
    ...(others === '' ? [] : ['Measured beside, without a figure to reach:\n', others]),
    images('', rows),
  ].join('\n');
}

const date = (results: Results): string => results.date.slice(0, 10);

function ways({ quick, rounds, seconds }: Results): string {
  const asked = `${rounds} rounds of ${seconds} s`;
  return quick
    ? `**A quick run**: up to ${asked}, medians (least to most).`
    : `${asked} (logins 3, idle sessions 1), both servers in turn; medians (least to most).`;
}

function failuresOf({ failures }: Results): string[] {
  return failures.map(
    ({ measurement, server, round, reason }) =>
      `Failed, and not in the figures: ${measurement}, ${server}, round ${round + 1}: ${reason}\n`,
  );
}

const images = (folder: string, rows: readonly RowSummary[]): string =>
  PLOTS.filter(({ name }) => rows.some((row) => row.plot === name && row.wolfguard !== undefined))
    .map(({ name, title }) => `![${title}](${folder}plots/${name}.svg)\n`)
    .join('\n');
