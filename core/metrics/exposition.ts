// Samples as text: Prometheus' format 0.0.4, and OpenMetrics 1.0.0 for those who ask for it.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import type { Buckets, Family, Sample } from './family.ts';

export type Format = 'prometheus' | 'openmetrics';

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What an Accept header asks for; who names nothing that we have gets Prometheus' own. */
export const formatOf = (accept: string | undefined): Format =>
  /\bapplication\/openmetrics-text\b/i.test(accept ?? '') ? 'openmetrics' : 'prometheus';

/** The samples of a family stand together, families in the order of their first sample. */
export function renderSamples(samples: readonly Sample[], format: Format): string {
  const byFamily = Map.groupBy(samples, ({ family }) => family);
  const families = [...byFamily].map(([family, own]) => renderFamily(family, own, format));
  return `${families.join('')}${format === 'openmetrics' ? '# EOF\n' : ''}`;
}

function renderFamily(family: Family, samples: readonly Sample[], format: Format): string {
  const { type, help } = family;
  // There a counter is called without what its samples are called with.
  const name =
    format === 'openmetrics' && type === 'counter'
      ? family.name.replace(/_total$/, '')
      : family.name;
  const lines = samples.flatMap((sample) => renderSample(sample));
  return `# HELP ${name} ${escapeHelp(help, format)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function renderSample({ family, labels, value }: Sample): string[] {
  const pairs = family.labels.map((name, index) => pair(name, labels[index] ?? ''));
  if (typeof value === 'number') return [line(family.name, pairs, value)];
  return renderBuckets(family.name, pairs, value);
}

function renderBuckets(
  name: string,
  pairs: readonly string[],
  { buckets, count, sum }: Buckets,
): string[] {
  return [
    ...buckets.map(({ upTo, count: below }) =>
      line(`${name}_bucket`, [...pairs, pair('le', renderNumber(upTo))], below),
    ),
    line(`${name}_bucket`, [...pairs, pair('le', '+Inf')], count),
    line(`${name}_sum`, pairs, sum),
    line(`${name}_count`, pairs, count),
  ];
}

const line = (name: string, pairs: readonly string[], value: number): string =>
  `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${renderNumber(value)}\n`;

const pair = (name: string, value: string): string => `${name}="${escapeLabel(value)}"`;

/** A label's value between its quotes. */
export const escapeLabel = (value: string): string =>
  value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

/** In OpenMetrics quotes are escaped here, too. */
const escapeHelp = (help: string, format: Format): string =>
  format === 'openmetrics'
    ? escapeLabel(help)
    : help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function renderNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
