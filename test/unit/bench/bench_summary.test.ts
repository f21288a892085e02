import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sample } from '../../../bench/results.ts';
import type { Row } from '../../../bench/rows.ts';
import { percentile, relativeSpread, spreadOf } from '../../../bench/statistics.ts';
import { summarize, type RowSummary } from '../../../bench/summary.ts';
import { renderHeadlines, renderOthers, renderTargets } from '../../../bench/table.ts';

/** With nothing to reach. */
const PLAIN: Row = {
  ...{ name: 'plain', title: 'for its own sake', unit: 's/GB', digits: 2, better: 'less' },
  ...{ measurement: 'dtls', figure: 'down' },
};
const ROW: Row = {
  ...{ ...PLAIN, name: 'dtls-down', title: 'DTLS down', reach: 0.9, aim: 0.65 },
  ...{ steady: true, headline: true },
};

const samplesOf = (server: Sample['server'], ...values: number[]): Sample[] =>
  values.map((down, round) => ({
    ...{ server, round, figures: { down }, measurement: 'dtls', date: '', commit: 'c0ffee' },
  }));

const summaryOf = (row: Row, samples: readonly Sample[]): RowSummary => {
  const [summary] = summarize([row], samples);
  assert.ok(summary !== undefined);
  return summary;
};

test('the median is in the middle, and between the two middle ones of an even number', () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3, samples: 3 });
  assert.equal(spreadOf([4, 1, 2, 3])?.median, 2.5);
  assert.deepEqual(spreadOf([7]), { median: 7, least: 7, most: 7, samples: 1 });
  assert.equal(spreadOf([]), undefined);
});

test('half of all values are no more than the median, and half no less', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const { median = NaN } = spreadOf(values) ?? {};
      assert.ok(values.filter((value) => value <= median).length * 2 >= values.length);
      assert.ok(values.filter((value) => value >= median).length * 2 >= values.length);
    }),
  );
});

test('the spread is a share of the median', () => {
  assert.equal(relativeSpread({ median: 2, least: 1.5, most: 2.5, samples: 3 }), 0.5);
  assert.equal(relativeSpread({ median: 0, least: -1, most: 1, samples: 3 }), 0);
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  assert.equal(percentile(values, 0.5), 50);
  assert.equal(percentile(values, 0.99), 99);
  assert.equal(percentile([], 0.5), 0);
});

test('a row is judged by its median, at the limits in its favour', () => {
  const verdict = (row: Row, ...values: number[]): string =>
    summaryOf(row, samplesOf('wolfguard', ...values)).verdict;
  assert.equal(verdict(ROW, 0.65, 0.1, 9), 'aim');
  assert.equal(verdict(ROW, 0.66), 'reach');
  assert.equal(verdict(ROW, 0.9), 'reach');
  assert.equal(verdict(ROW, 0.91), 'missed');
  assert.equal(verdict(ROW), 'not measured');
  const more: Row = { ...ROW, better: 'more', reach: 150, aim: 300 };
  assert.equal(verdict(more, 300), 'aim');
  assert.equal(verdict(more, 150), 'reach');
  assert.equal(verdict(more, 149), 'missed');
});

test('what was measured on other terms is shown with them and reaches nothing', () => {
  const samples = samplesOf('wolfguard', 0.5).map((one) => ({ ...one, instead: '500 sessions' }));
  const summary = summaryOf(ROW, samples);
  assert.equal(summary.verdict, 'other terms');
  assert.match(renderTargets([summary]), /0\.50 at 500 sessions/);
});

test('a row whose every measurement failed says so', () => {
  const failure = { measurement: 'dtls', server: 'wolfguard', round: 0 } as const;
  const [summary] = summarize([ROW], [], [{ ...failure, reason: '', date: '', commit: '' }]);
  assert.equal(summary?.verdict, 'failed');
});

test('rounds of a CPU row that lie more than a quarter apart are noisy, and the table says so', () => {
  const noisy = summaryOf(ROW, samplesOf('wolfguard', 0.8, 0.7, 0.91));
  assert.ok(noisy.wolfguard?.noisy);
  assert.match(renderTargets([noisy]), /0\.80 \(0\.70 to 0\.91\) noisy/);
  assert.equal(summaryOf(ROW, samplesOf('wolfguard', 0.8, 0.75, 0.9)).wolfguard?.noisy, false);
  assert.equal(summaryOf(PLAIN, samplesOf('wolfguard', 1, 9)).wolfguard?.noisy, false);
});

test('the table has a line for each row with a goal, and columns of equal width', () => {
  const samples = [...samplesOf('wolfguard', 0.7), ...samplesOf('ocserv', 6.3, 6.5, 6.1)];
  const rows = summarize([ROW, PLAIN], samples);
  assert.equal(
    renderTargets(rows),
    '| case      | unit | ocserv              | wolfguard | reach | aim    |           | of ocserv’s |\n' +
      '| ---       | ---  | ---                 | ---       | ---   | ---    | ---       | ---         |\n' +
      '| DTLS down | s/GB | 6.30 (6.10 to 6.50) | 0.70      | ≤ 0.9 | ≤ 0.65 | reach met |             |\n',
  );
  assert.match(renderOthers(rows), /for its own sake/);
  assert.doesNotMatch(renderOthers(rows), /DTLS down/);
  assert.match(renderHeadlines(rows), /\| \*\*0\.70\*\* +\|/);
});

test('a share of what ocserv takes is compared with the share that was asked for', () => {
  const row: Row = { ...ROW, ocservThen: 6 };
  const [summary] = summarize(
    [row],
    [...samplesOf('wolfguard', 1), ...samplesOf('ocserv', 10, 12, 8)],
  );
  assert.ok(summary !== undefined);
  assert.deepEqual(summary.share, { measured: 0.1, reach: 0.9 / 6 });
  assert.equal(summary.verdict, 'missed', 'the verdict stays that of the figure itself');
  assert.match(renderTargets([summary]), /\| \*\*missed\*\* \| 10\.0 % \(reach 15\.0\) \|/);
  assert.equal(summaryOf(row, samplesOf('wolfguard', 1)).share, undefined);
});
