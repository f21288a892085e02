// top without a terminal: tables for scripts, or JSON.
import type { EpochMs } from '../../../core/units.ts';
import { renderTable } from '../../terminal/table.ts';
import type { JsonRecord } from '../records/record.ts';
import { cellsOfRow, COLUMNS, renderServer, renderTotals } from './screen.ts';
import type { TopState } from './state.ts';
import type { TopRow } from './rates.ts';

/** Totals and every session, `columns` cells wide at most. */
export function renderBatch(state: TopState, columns: number): string {
  const header = COLUMNS.map(({ name, text }) => (text ? { text: name } : name));
  const rows = state.rows.map((row) => cellsOfRow(row, state.now));
  const totals = `${renderServer(state)}\n${renderTotals(state)}\n\n`;
  return totals + (rows.length === 0 ? '' : renderTable(header, rows, columns)) + '\n';
}

/** Bytes, and bytes a second, of each session: strings where occtl's listing has strings. */
export const batchRecord = ({ rows, now }: Pick<TopState, 'rows' | 'now'>): readonly JsonRecord[] =>
  rows.map((row) => recordOf(row, now));

const recordOf = (row: TopRow, now: EpochMs): JsonRecord => ({
  ID: row.id,
  Username: row.user,
  Groupname: row.group,
  'Remote IP': row.from,
  IPv4: row.address,
  Hostname: row.host,
  RX: String(row.rxBytes),
  TX: String(row.txBytes),
  raw_rx_per_second: Math.round(row.rxRate),
  raw_tx_per_second: Math.round(row.txRate),
  raw_connected_for: Math.round((now - row.since) / 1000),
});
