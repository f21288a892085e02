// The rows as Markdown tables: median, and least and most in parentheses.
import type { Measured, RowSummary, Verdict } from './summary.ts';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  aim: 'aim met',
  reach: 'reach met',
  missed: '**missed**',
  failed: '**failed**',
  'not measured': 'not measured',
  'other terms': 'other terms',
  '': '',
};

/** All rows that have something to reach, with it and whether they do. */
export function renderTargets(rows: readonly RowSummary[]): string {
  const head = ['case', 'unit', 'ocserv', 'wolfguard', 'reach', 'aim', '', 'of ocserv’s'];
  const lines = rows
    .filter(({ verdict }) => verdict !== '')
    .map((row) => [
      ...[row.title, row.unit, cell(row, row.ocserv), cell(row, row.wolfguard)],
      ...[limit(row, row.reach), limit(row, row.aim), VERDICTS[row.verdict]],
      shareOf(row),
    ]);
  return table(head, lines);
}

/** The rows that were measured for their own sake; '' when there are none. */
export function renderOthers(rows: readonly RowSummary[]): string {
  const lines = rows
    .filter((row) => row.verdict === '' && (row.ocserv ?? row.wolfguard) !== undefined)
    .map((row) => [row.title, row.unit, cell(row, row.ocserv), cell(row, row.wolfguard)]);
  return lines.length === 0 ? '' : table(['case', 'unit', 'ocserv', 'wolfguard'], lines);
}

/** The rows that matter most, without the project's own goals. */
export function renderHeadlines(rows: readonly RowSummary[]): string {
  const lines = rows
    .filter((row) => row.headline === true && row.wolfguard !== undefined)
    .map((row) => {
      const ours = cell(row, row.wolfguard).replace(/^[\d.,-]+/, '**$&**');
      return [row.title, row.unit, cell(row, row.ocserv), ours];
    });
  return table(['case', 'unit', 'ocserv', 'wolfguard'], lines);
}

const limit = ({ better }: RowSummary, value: number | undefined): string =>
  value === undefined ? '' : `${better === 'less' ? '≤' : '≥'} ${value.toLocaleString('en')}`;

/** "12.2 % (reach 14.3)": stays the same when the whole machine is slower. */
function shareOf({ share }: RowSummary): string {
  if (share === undefined) return '';
  const [measured, reach] = [share.measured, share.reach].map((part) => (100 * part).toFixed(1));
  return `${measured} % (reach ${reach})`;
}

function cell(row: RowSummary, measured: Measured | undefined): string {
  if (measured === undefined) return '';
  const { median, least, most, samples, noisy, instead } = measured;
  const show = (value: number): string => formatNumber(value, row.digits);
  return [
    show(median),
    ...(samples > 1 ? [`(${show(least)} to ${show(most)})`] : []),
    ...(instead === undefined ? [] : [`at ${instead}`]),
    ...(noisy ? ['noisy'] : []),
  ].join(' ');
}

/** With commas from ten thousand on, and without a minus sign in front of nothing. */
export function formatNumber(value: number, digits: number): string {
  const rounded = Number(value.toFixed(digits)) + 0;
  return rounded >= 10_000 ? rounded.toLocaleString('en') : rounded.toFixed(digits);
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...lines];
  const widths = head.map((_, n) => Math.max(...all.map((line) => line[n]?.length ?? 0)));
  return all
    .map((line) => `| ${line.map((text, n) => text.padEnd(widths[n] ?? 0)).join(' | ')} |\n`)
    .join('');
}
