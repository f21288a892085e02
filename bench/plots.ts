// Which plots there are, and what each is called.
import { renderPlot, type Bar } from './plot.ts';
import type { PlotName } from './rows.ts';
import type { Measured, RowSummary } from './summary.ts';

export const PLOTS: readonly { readonly name: PlotName; readonly title: string }[] = [
  { name: 'cpu', title: 'Server CPU, seconds for each GB (less is better)' },
  { name: 'packets', title: '64-byte packets, thousands a second (more is better)' },
  { name: 'logins', title: 'Full logins a second (more is better)' },
  { name: 'latency', title: 'Added to the round trip, ms (less is better)' },
  { name: 'memory', title: 'Memory of an idle session, KiB (less is better)' },
];

/** Each plot for which something was measured, as SVG. */
export function drawPlots(rows: readonly RowSummary[]): { name: PlotName; svg: string }[] {
  return PLOTS.flatMap(({ name, title }) => {
    const groups = rows
      .filter((row) => row.plot === name && row.wolfguard !== undefined)
      .map((row) => ({
        label: row.title,
        digits: row.digits,
        bars: (['ocserv', 'wolfguard'] as const).flatMap((server) => barOf(server, row[server])),
        ...(row.reach === undefined ? {} : { mark: row.reach }),
      }));
    return groups.length === 0 ? [] : [{ name, svg: renderPlot(title, groups) }];
  });
}

function barOf(series: Bar['series'], measured: Measured | undefined): Bar[] {
  if (measured === undefined) return [];
  const { median, least, most, instead } = measured;
  return [{ series, median, least, most, ...(instead === undefined ? {} : { note: instead }) }];
}
