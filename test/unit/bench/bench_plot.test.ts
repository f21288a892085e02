import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPlot, type Bar, type Group } from '../../../bench/plot.ts';
import { drawPlots } from '../../../bench/plots.ts';
import { ROWS } from '../../../bench/rows.ts';
import { summarize } from '../../../bench/summary.ts';

const bar = (series: Bar['series'], median: number, half = 0): Bar => ({
  ...{ series, median, least: median - half, most: median + half },
});
const group = (...bars: Bar[]): Group => ({ label: 'DTLS', digits: 1, bars });

/** Widths of the bars, in order. */
const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="11" fill="#[\da-f]+"\/>/g)]
    .map((match) => Number(match[1]))
    .filter((_, n, all) => n >= all.length - barsIn(svg));

/** Numbers behind bars are left-aligned and have digits; so has nothing else. */
const barsIn = (svg: string): number =>
  [...svg.matchAll(/text-anchor="start" fill="#1f2933">-?[\d.,]+( |<)/g)].length;

test('bars are as long as their medians on a linear axis', () => {
  const svg = renderPlot('CPU', [group(bar('ocserv', 8), bar('wolfguard', 2))]);
  const [ocserv = 0, wolfguard = 0] = widths(svg);
  assert.ok(Math.abs(ocserv / wolfguard - 4) < 0.02, `${ocserv} ${wolfguard}`);
  assert.doesNotMatch(svg, /logarithmic/);
});

test('values far apart stand on a logarithmic axis, which says so', () => {
  const svg = renderPlot('Latency', [group(bar('ocserv', 100), bar('wolfguard', 1))]);
  const [ocserv = 0, wolfguard = 0] = widths(svg);
  assert.match(svg, /logarithmic axis/);
  assert.ok(ocserv > 0 && wolfguard >= 1 && wolfguard < ocserv);
});

test('nothing, and less than nothing, has a place on the axis', () => {
  const svg = renderPlot('Latency', [group(bar('ocserv', 40), bar('wolfguard', -0.1))]);
  assert.doesNotMatch(svg, /NaN|Infinity|="-/);
});

test('whiskers are drawn where measurements differ, and a mark where there is a goal', () => {
  const plain = renderPlot('CPU', [group(bar('ocserv', 8))]);
  assert.doesNotMatch(plain, /v6|stroke-dasharray/);
  assert.match(renderPlot('CPU', [group(bar('ocserv', 8, 1))]), /v6/);
  assert.match(renderPlot('CPU', [{ ...group(bar('ocserv', 8)), mark: 2 }]), /stroke-dasharray/);
});

test('it is whole XML with a background of its own, and names are escaped', () => {
  const svg = renderPlot('a < b & "c"', [{ ...group(bar('ocserv', 1)), label: '<script>' }]);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, /<rect width="100%" height="100%" rx="8" fill="#ffffff"\/>/);
  assert.match(svg, /a &lt; b &amp; &quot;c&quot;/);
  assert.doesNotMatch(svg, /<script>/);
  const tags = [...svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)];
  const depth = tags.reduce((n, [, close, , empty]) => n + (empty ? 0 : close ? -1 : 1), 0);
  assert.equal(depth, 0);
});

test('the titles of plotted rows fit beside their bars', () => {
  for (const { plot, title } of ROWS) {
    if (plot !== undefined) assert.ok(title.length <= 52, title);
  }
});

test('a plot is drawn only where something was measured', () => {
  const sample = { measurement: 'dtls', server: 'wolfguard', round: 0, figures: { down: 0.7 } };
  const rows = summarize(ROWS, [{ ...sample, date: '', commit: '' } as never]);
  assert.deepEqual(
    drawPlots(rows).map(({ name }) => name),
    ['cpu'],
  );
});
