// What top knows and shows; step.ts says how keys and listings change it.
import type { AdminStatus } from '../../../core/ipc/admin.ts';
import type { EpochMs, Milliseconds } from '../../../core/units.ts';
import { inOrder } from './order.ts';
import type { Order, SortKey } from './order.ts';
import type { Reading, TopRow } from './rates.ts';

export interface TopState {
  readonly size: ScreenSize;
  readonly intervalMs: Milliseconds;
  /** undefined: the server has not answered yet. */
  readonly reading: Reading | undefined;
  readonly status: AdminStatus | undefined;
  /** When the reading was made. */
  readonly now: EpochMs;
  readonly order: Order;
  /** Those of the reading that the filter lets through, in order. */
  readonly rows: readonly TopRow[];
  /** Follows its session through the list; null: there is none. */
  readonly selected: number | null;
  /** The first row on the screen. */
  readonly offset: number;
  readonly mode: Mode;
  /** What was done last, or went wrong. */
  readonly message: string;
  /** Why the server does not answer; null = it does. */
  readonly lost: string | null;
}

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

export type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'help' }
  | { readonly kind: 'filter'; readonly before: string }
  | { readonly kind: 'interval'; readonly text: string }
  | { readonly kind: 'confirm'; readonly ending: Ending; readonly row: TopRow };

export type Ending = 'disconnect' | 'terminate';

/** Totals, a blank line, the names of the columns; at the bottom the line for messages. */
export const LINES_AROUND_LIST = 5;

export const firstState = (
  size: ScreenSize,
  intervalMs: Milliseconds,
  sort: SortKey,
): TopState => ({
  size,
  intervalMs,
  reading: undefined,
  status: undefined,
  now: 0,
  order: { sort, reversed: false, filter: '' },
  rows: [],
  selected: null,
  offset: 0,
  mode: { kind: 'list' },
  message: '',
  lost: null,
});

/** How many sessions fit on the screen. */
export const listHeight = ({ size }: Pick<TopState, 'size'>): number =>
  Math.max(1, size.rows - LINES_AROUND_LIST);

/** Lists anew; the selection stays with its session, or goes to the one that took its place. */
export function relist(state: TopState): TopState {
  const rows = inOrder(state.reading?.rows.values() ?? [], state.order);
  const stays = rows.some(({ id }) => id === state.selected);
  const place = Math.min(Math.max(0, indexOf(state)), rows.length - 1);
  return scroll({ ...state, rows, selected: stays ? state.selected : (rows[place]?.id ?? null) });
}

/** Selects the row at this place, or the nearest there is. */
export function select(state: TopState, place: number): TopState {
  const row = state.rows[Math.min(Math.max(0, place), state.rows.length - 1)];
  return scroll({ ...state, selected: row?.id ?? null });
}

/** -1: none is selected. */
export const indexOf = ({ rows, selected }: TopState): number =>
  rows.findIndex(({ id }) => id === selected);

/** Moves the screen so that the selection is on it. */
export function scroll(state: TopState): TopState {
  const height = listHeight(state);
  const place = Math.max(0, indexOf(state));
  const most = Math.max(0, state.rows.length - height);
  const offset = Math.min(Math.max(state.offset, place - height + 1), place, most);
  return { ...state, offset };
}
