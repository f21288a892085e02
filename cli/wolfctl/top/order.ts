// In which order top lists the sessions, and which.
import type { TopRow } from './rates.ts';

export const SORT_KEYS = ['rate', 'rx', 'tx', 'user', 'id', 'time'] as const;

export type SortKey = (typeof SORT_KEYS)[number];

const collator = new Intl.Collator('en', { numeric: true });

/** The busiest first, names from A, the oldest connection first; equal ones by number. */
const COMPARE: Readonly<Record<SortKey, (a: TopRow, b: TopRow) => number>> = {
  rate: (a, b) => b.rxRate + b.txRate - a.rxRate - a.txRate,
  rx: (a, b) => b.rxRate - a.rxRate,
  tx: (a, b) => b.txRate - a.txRate,
  user: (a, b) => collator.compare(a.user, b.user),
  id: () => 0,
  time: (a, b) => a.since - b.since,
};

export interface Order {
  readonly sort: SortKey;
  readonly reversed: boolean;
  /** Part of a name or an address, in any case; "" = all. */
  readonly filter: string;
}

export function inOrder(rows: Iterable<TopRow>, { sort, reversed, filter }: Order): TopRow[] {
  const wanted = filter.toLowerCase();
  const shown = [...rows].filter((row) => wanted === '' || matches(row, wanted));
  const compare = COMPARE[sort];
  const sign = reversed ? -1 : 1;
  return shown.sort((a, b) => sign * (compare(a, b) || a.id - b.id));
}

const matches = (row: TopRow, wanted: string): boolean =>
  [String(row.id), row.user, row.group, row.from, row.address, row.host].some((text) =>
    text.toLowerCase().includes(wanted),
  );
