// Medians and spread of the samples, and the table that the README quotes.
import type { Sample } from './round.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Line {
  readonly server: Sample['server'];
  readonly channel: Sample['channel'];
  readonly direction: Sample['direction'];
  readonly serverCpuSecondsPerGb: Spread;
  readonly clientCpuSecondsPerGb: Spread;
  readonly goodputMbitPerSecond: Spread;
}

/** One line for each server, channel and direction, in that order of change. */
export function summarize(samples: readonly Sample[]): Line[] {
  const groups = Map.groupBy(
    samples,
    ({ channel, direction, server }) => `${channel} ${direction} ${server}`,
  );
  return [...groups.keys()].sort().flatMap((key) => {
    const group = groups.get(key) ?? [];
    const [first] = group;
    if (first === undefined) return [];
    const { server, channel, direction } = first;
    return {
      server,
      channel,
      direction,
      serverCpuSecondsPerGb: spread(group.map((sample) => sample.serverCpuSecondsPerGb)),
      clientCpuSecondsPerGb: spread(group.map((sample) => sample.clientCpuSecondsPerGb)),
      goodputMbitPerSecond: spread(group.map((sample) => sample.goodputMbitPerSecond)),
    };
  });
}

/** A Markdown table: median, and least and most in parentheses. */
export function renderTable(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.channel === 'dtls' ? 'DTLS' : 'TLS',
    line.direction,
    line.server,
    render(line.serverCpuSecondsPerGb, 2),
    render(line.clientCpuSecondsPerGb, 2),
    render(line.goodputMbitPerSecond, 0),
  ]);
  const head = ['channel', 'direction', 'server', 'server s/GB', 'client s/GB', 'Mbit/s'];
  const table = [head, head.map(() => '---'), ...rows];
  const widths = head.map((_, n) => Math.max(...table.map((row) => row[n]?.length ?? 0)));
  return `${table
    .map((row) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`)
    .join('\n')}\n`;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (n: number): number => sorted[n] ?? NaN;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

const render = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
