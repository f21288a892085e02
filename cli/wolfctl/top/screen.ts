// What top shows, as lines for a terminal: never more of them than the screen has, none wider than
// it is, and of the sessions only those that are on it.
//
//   wolfguard 0.1.0, up 2d 3h   1234 sessions   2 workers
//   rx 12.3 MB/s   tx 45.6 MB/s   51234 packets/s   by rate   every 1s
//
//   id    user   group  from  …
//   4711  alice  …                     ◄─ the selected one is reversed
//   press ? for the keys
import { formatBytes, formatDuration } from '../text.ts';
import { cellsOf, padEnd, padStart, printable, shorten } from '../../terminal/cells.ts';
import { fit, LEAST_TEXT_CELLS } from '../../terminal/table.ts';
import type { EpochMs } from '../../../core/units.ts';
import { HELP } from './help.ts';
import type { TopRow } from './rates.ts';
import { listHeight } from './state.ts';
import type { TopState } from './state.ts';

/** Select Graphic Rendition: reversed, bold, and back to normal. */
const REVERSED = '\u001b[7m';
const BOLD = '\u001b[1m';
const NORMAL = '\u001b[0m';

/** Every line of the screen, from the top. */
export function renderScreen(state: TopState): readonly string[] {
  const { columns, rows } = state.size;
  const cut = (line: string): string => shorten(line, columns);
  const body = state.mode.kind === 'help' ? HELP.map(cut) : renderList(state, Math.max(1, columns));
  const above = [cut(renderServer(state)), cut(renderTotals(state)), renderLost(state, columns)];
  const lines = [...above, ...body].slice(0, Math.max(0, rows - 1));
  while (lines.length < rows - 1) lines.push('');
  return [...lines, cut(renderBottom(state))];
}

/** The totals of a listing in two lines. */
export function renderServer({ status, reading }: Pick<TopState, 'status' | 'reading'>): string {
  if (reading === undefined) return 'waiting for the server';
  const sessions = counted(reading.rows.size, 'session');
  if (status === undefined) return sessions;
  const up = formatDuration(status.now - status.startedAt);
  const alive = status.workerPids.filter((pid) => pid !== null).length;
  const starting = status.workerPids.length - alive;
  const workers = counted(alive, 'worker') + (starting > 0 ? ` and ${starting} starting` : '');
  return `wolfguard ${status.version}, up ${up}   ${sessions}   ${workers}`;
}

export function renderTotals(state: Pick<TopState, 'reading' | 'order' | 'intervalMs'>): string {
  const { reading, order, intervalMs } = state;
  let rx = 0;
  let tx = 0;
  for (const { rxRate, txRate } of reading?.rows.values() ?? []) {
    rx += rxRate;
    tx += txRate;
  }
  return [
    `rx ${rateOf(rx)}`,
    `tx ${rateOf(tx)}`,
    `${Math.round(reading?.packetRate ?? 0)} packets/s`,
    `by ${order.sort}${order.reversed ? ', reversed' : ''}`,
    `every ${intervalMs / 1000}s`,
    ...(order.filter === '' ? [] : [`only "${printable(order.filter)}"`]),
  ].join('   ');
}

/** A session as its cells, in the order of the columns. */
export const cellsOfRow = (row: TopRow, now: EpochMs): readonly string[] => [
  String(row.id),
  printable(row.user),
  rateOf(row.rxRate),
  rateOf(row.txRate),
  row.address,
  row.from,
  formatDuration(now - row.since),
  row.channel,
  printable(row.group || '-'),
  formatBytes(row.rxBytes),
  formatBytes(row.txBytes),
  printable(row.host),
];

interface TopColumn {
  readonly name: string;
  /** May be shortened. */
  readonly text: boolean;
  readonly right: boolean;
  /** Values that come and go do not move the columns behind them. */
  readonly least: number;
}

const column = (name: string, given: Partial<TopColumn> = {}): TopColumn => ({
  name,
  text: false,
  right: false,
  least: 0,
  ...given,
});

const RATE = { right: true, least: 11 } as const;
const AMOUNT = { right: true, least: 9 } as const;

/** What matters most comes first: a narrow terminal shows as many of them as it has room for. */
export const COLUMNS: readonly TopColumn[] = [
  column('id', { right: true, least: 4 }),
  column('user', { text: true, least: 8 }),
  column('rx/s', RATE),
  column('tx/s', RATE),
  column('address', { least: 11 }),
  column('from', { least: 15 }),
  column('since', { right: true, least: 7 }),
  column('channel'),
  column('group', { text: true }),
  column('rx', AMOUNT),
  column('tx', AMOUNT),
  column('host', { text: true }),
];

const GAP = '  ';

function renderList(state: TopState, width: number): string[] {
  const { rows, offset, selected, now } = state;
  const visible = rows.slice(offset, offset + listHeight(state));
  const cells = visible.map((row) => cellsOfRow(row, now));
  const wanted = COLUMNS.map(({ name, least }, at) =>
    cells.reduce(
      (most, row) => Math.max(most, cellsOf(row[at] ?? '')),
      Math.max(least, name.length),
    ),
  );
  const shown = COLUMNS.slice(0, columnsThatFit(wanted, width));
  const widths = fit(
    wanted.slice(0, shown.length),
    shown.map(({ text }) => text),
    width - GAP.length * (shown.length - 1),
  );
  const line = (row: readonly string[]): string =>
    shorten(
      shown.map(({ right }, at) => cell(row[at] ?? '', widths[at] ?? 0, right)).join(GAP),
      width,
    );
  const header = `${BOLD}${line(COLUMNS.map(({ name }) => name)).trimEnd()}${NORMAL}`;
  const list = cells.map((row, at) =>
    visible[at]?.id === selected
      ? `${REVERSED}${padEnd(line(row), width)}${NORMAL}`
      : line(row).trimEnd(),
  );
  return [header, ...list];
}

/** At least one; texts are counted as narrow as they may become. */
function columnsThatFit(wanted: readonly number[], width: number): number {
  let used = 0;
  const first = COLUMNS.findIndex(({ text }, at) => {
    const cells = wanted[at] ?? 0;
    used += (text ? Math.min(cells, LEAST_TEXT_CELLS) : cells) + (at > 0 ? GAP.length : 0);
    return used > width;
  });
  return first < 0 ? COLUMNS.length : Math.max(1, first);
}

const cell = (text: string, width: number, right: boolean): string =>
  (right ? padStart : padEnd)(shorten(text, width), width);

const renderLost = ({ lost }: TopState, columns: number): string =>
  lost === null
    ? ''
    : `${REVERSED}${shorten(`${printable(lost)}; trying again`, columns)}${NORMAL}`;

function renderBottom({ mode, message, rows, reading, order }: TopState): string {
  switch (mode.kind) {
    case 'help':
      return 'any key goes back';
    case 'filter':
      return `only sessions with: ${printable(order.filter)}_   (Enter keeps it, Escape does not)`;
    case 'interval':
      return `seconds between two listings: ${printable(mode.text)}_`;
    case 'confirm':
      return `${mode.ending} ${printable(mode.row.user)}, session ${mode.row.id}? y/n`;
    case 'list':
      if (message !== '') return printable(message);
      if (reading === undefined || rows.length > 0) return 'press ? for the keys';
      return order.filter === '' ? 'nobody is connected' : 'no session has this; Escape shows all';
  }
}

const rateOf = (bytes: number): string => `${formatBytes(Math.round(bytes))}/s`;

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
