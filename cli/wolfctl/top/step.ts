// How keys and listings change what top shows, and what it does for them.
import type { AdminSession, AdminStatus } from '../../../core/ipc/admin.ts';
import type { EpochMs, Milliseconds } from '../../../core/units.ts';
import type { Key } from './keys.ts';
import { SORT_KEYS } from './order.ts';
import type { SortKey } from './order.ts';
import { readingOf } from './rates.ts';
import { indexOf, listHeight, relist, scroll, select } from './state.ts';
import type { Ending, ScreenSize, TopState } from './state.ts';

export type TopInput =
  | { readonly kind: 'key'; readonly key: Key }
  | {
      readonly kind: 'listed';
      readonly sessions: readonly AdminSession[];
      /** undefined: not asked for this time. */
      readonly status: AdminStatus | undefined;
      /** Of a clock that never jumps. */
      readonly at: Milliseconds;
      readonly now: EpochMs;
    }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'resized'; readonly size: ScreenSize }
  /** What became of an ending. */
  | { readonly kind: 'told'; readonly message: string };

export type TopEffect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'redraw' }
  /** Ask for a listing now, not at the end of the interval. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'end'; readonly ending: Ending; readonly id: number; readonly user: string };

export interface TopStep {
  readonly state: TopState;
  readonly effects: readonly TopEffect[];
}

/** Slower is not live any more; faster costs a server with many sessions too much. */
export const LEAST_INTERVAL_S = 0.5;
export const MOST_INTERVAL_S = 60;

export function step(state: TopState, input: TopInput): TopStep {
  switch (input.kind) {
    case 'key':
      return press(state, input.key);
    case 'listed': {
      const { sessions, at, now } = input;
      // The time without an answer says nothing of the rates behind it.
      const previous = state.lost === null ? state.reading : undefined;
      const reading = readingOf(sessions, at, previous);
      const status = input.status ?? state.status;
      return only(relist({ ...state, reading, status, now, lost: null }));
    }
    case 'lost':
      return only({ ...state, lost: input.reason });
    case 'resized':
      return { state: scroll({ ...state, size: input.size }), effects: [{ kind: 'redraw' }] };
    case 'told':
      return { state: { ...state, message: input.message }, effects: [{ kind: 'refresh' }] };
  }
}

function press(state: TopState, key: Key): TopStep {
  if (key.kind === 'interrupt') return { state, effects: [{ kind: 'quit' }] };
  if (key.kind === 'redraw') return { state, effects: [{ kind: 'redraw' }] };
  switch (state.mode.kind) {
    case 'list':
      return pressInList({ ...state, message: '' }, key);
    case 'help':
      return only(toList(state));
    case 'filter':
      return only(pressInFilter(state, state.mode.before, key));
    case 'interval':
      return only(pressInInterval(state, state.mode.text, key));
    case 'confirm':
      return pressInConfirm(state, state.mode, key);
  }
}

const only = (state: TopState): TopStep => ({ state, effects: [] });

const toList = (state: TopState): TopState => ({ ...state, mode: { kind: 'list' } });

function pressInList(state: TopState, key: Key): TopStep {
  const place = indexOf(state);
  switch (key.kind) {
    case 'up':
      return only(select(state, place - 1));
    case 'down':
      return only(select(state, place + 1));
    case 'page-up':
      return only(select(state, place - listHeight(state)));
    case 'page-down':
      return only(select(state, place + listHeight(state)));
    case 'home':
      return only(select(state, 0));
    case 'end':
      return only(select(state, state.rows.length - 1));
    case 'text':
      return pressLetter(state, key.text);
    case 'escape':
      return only(relist({ ...state, order: { ...state.order, filter: '' } }));
    case 'enter':
    case 'backspace':
    case 'clear':
    case 'interrupt':
    case 'redraw':
      return only(state);
  }
}

/** Capital letters sort, so that no slip of the finger ends a session. */
const SORT_LETTERS: Readonly<Record<string, SortKey>> = {
  S: 'rate',
  R: 'rx',
  T: 'tx',
  U: 'user',
  I: 'id',
  C: 'time',
};

function pressLetter(state: TopState, letter: string): TopStep {
  const { order } = state;
  const sort = SORT_LETTERS[letter] ?? neighbour(order.sort, letter);
  if (sort !== undefined) return only(relist({ ...state, order: { ...order, sort } }));
  switch (letter) {
    case 'q':
      return { state, effects: [{ kind: 'quit' }] };
    case 'o':
      return only(relist({ ...state, order: { ...order, reversed: !order.reversed } }));
    case 'j':
      return pressInList(state, { kind: 'down' });
    case 'k':
      return pressInList(state, { kind: 'up' });
    case '/':
      return only({ ...state, mode: { kind: 'filter', before: order.filter } });
    case 'i':
      return only({ ...state, mode: { kind: 'interval', text: '' } });
    case '?':
    case 'h':
      return only({ ...state, mode: { kind: 'help' } });
    case 'd':
      return only(ask(state, 'disconnect'));
    case 't':
      return only(ask(state, 'terminate'));
    case ' ':
      return { state, effects: [{ kind: 'refresh' }] };
    default:
      return only({ ...state, message: 'press ? for the keys' });
  }
}

/** "<" and ">" go through the columns. */
function neighbour(sort: SortKey, letter: string): SortKey | undefined {
  const way = letter === '>' ? 1 : letter === '<' ? -1 : 0;
  return way === 0 ? undefined : SORT_KEYS.at((SORT_KEYS.indexOf(sort) + way) % SORT_KEYS.length);
}

function ask(state: TopState, ending: Ending): TopState {
  const row = state.rows[indexOf(state)];
  return row === undefined
    ? { ...state, message: 'there is no session to end' }
    : { ...state, mode: { kind: 'confirm', ending, row } };
}

function pressInConfirm(
  state: TopState,
  { ending, row }: Extract<TopState['mode'], { kind: 'confirm' }>,
  key: Key,
): TopStep {
  if (key.kind !== 'text' || key.text.toLowerCase() !== 'y') {
    return only({ ...toList(state), message: 'nothing was done' });
  }
  return {
    state: toList(state),
    effects: [{ kind: 'end', ending, id: row.id, user: row.user }],
  };
}

/** The list follows each letter; Escape brings back the filter that was there before. */
function pressInFilter(state: TopState, before: string, key: Key): TopState {
  const { filter } = state.order;
  const filtered = (text: string): TopState =>
    relist({ ...state, order: { ...state.order, filter: text } });
  if (key.kind === 'enter') return toList(state);
  if (key.kind === 'escape') return toList(filtered(before));
  return filtered(edit(filter, key));
}

function pressInInterval(state: TopState, text: string, key: Key): TopState {
  if (key.kind === 'escape') return toList(state);
  if (key.kind !== 'enter') return { ...state, mode: { kind: 'interval', text: edit(text, key) } };
  const intervalMs = parseInterval(text);
  return intervalMs === undefined
    ? {
        ...toList(state),
        message: `an interval is a number of seconds from ${LEAST_INTERVAL_S} to ${MOST_INTERVAL_S}`,
      }
    : { ...toList(state), intervalMs };
}

/** Of seconds as typed; undefined = not within the limits. */
export function parseInterval(text: string): Milliseconds | undefined {
  const seconds = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : NaN;
  return seconds >= LEAST_INTERVAL_S && seconds <= MOST_INTERVAL_S
    ? Math.round(seconds * 1000)
    : undefined;
}

/** No name is longer. */
const MOST_TYPED = 64;

function edit(text: string, key: Key): string {
  if (key.kind === 'text') return (text + key.text).slice(0, MOST_TYPED);
  if (key.kind === 'backspace') return Array.from(text).slice(0, -1).join('');
  return key.kind === 'clear' ? '' : text;
}
