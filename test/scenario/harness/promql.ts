// The expressions of the dashboard and of the alert rules, as Prometheus gets to see them.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const DOCS = path.join(import.meta.dirname, '../../../docs');
export const ALERTS = path.join(DOCS, 'prometheus/alerts.yml');

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

/** With Grafana's variables filled in. */
export function readDashboard(): string[] {
  const text = readFileSync(path.join(DOCS, 'grafana/wolfguard.json'), 'utf8');
  const { panels } = JSON.parse(text) as { readonly panels: readonly Panel[] };
  return panels
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'));
}

/** Of the example rules; folded texts are joined. */
export function readAlerts(): string[] {
  const text = readFileSync(ALERTS, 'utf8')
    .replaceAll(/>-\n/g, '')
    .replaceAll(/\n {10,}(?=\S)/g, ' ');
  return [...text.matchAll(/^\s+expr: *(.*)$/gm)].map(([, expression = '']) => expression);
}

/** The metrics that an expression names. */
export const metricNames = (expression: string): string[] => [
  ...new Set(expression.match(/\bwolfguard_\w+/g)),
];
