// The tables of docs/metrics.md, made from what the server shows.
import { families } from './families.ts';
import type { Family } from './family.ts';
import { RECEIVED_DROPS, SENT_DROPS } from './sums.ts';

/** What stands around what is made. */
export const MADE_FROM = '<!-- made by "npm run generate" from here -->';
export const MADE_TO = '<!-- to here -->';

/** `manual` with its tables as they are now; throws where the marks are missing. */
export function withFamilyTables(manual: string): string {
  const [from, to] = [manual.indexOf(MADE_FROM), manual.indexOf(MADE_TO)];
  if (from < 0 || to < from) throw new RangeError('docs/metrics.md has lost its marks');
  const [before, after] = [manual.slice(0, from + MADE_FROM.length), manual.slice(to)];
  return `${before}\n\n${renderTables()}\n${after}`;
}

function renderTables(): string {
  const rows = Object.values(families).map(renderFamily);
  const drops = [
    ...RECEIVED_DROPS.map(([reason, why]) => `| received | \`${reason}\` | ${why} |\n`),
    ...SENT_DROPS.map(([reason, why]) => `| sent | \`${reason}\` | ${why} |\n`),
  ];
  return [
    '| family | type | what it is | labels |\n| --- | --- | --- | --- |\n',
    ...rows,
    '\nReasons of `wolfguard_dropped_packets_total`:\n\n',
    '| direction | reason | what it means |\n| --- | --- | --- |\n',
    ...drops,
  ].join('');
}

function renderFamily({ name, type, help, labels, values }: Family): string {
  const pairs = labels.map((label, index) => `\`${label}\`: ${values[index] ?? ''}`);
  return `| \`${name}\` | ${type} | ${help} | ${pairs.join('<br>')} |\n`;
}
