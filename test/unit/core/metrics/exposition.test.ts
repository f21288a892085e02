import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeLabel, formatOf, renderSamples } from '../../../../core/metrics/exposition.ts';
import { Snapshot } from '../../../../core/metrics/family.ts';
import type { Family } from '../../../../core/metrics/family.ts';

const COUNTER: Family = {
  name: 'wolfguard_things_total',
  type: 'counter',
  help: 'Things, "quoted" \\ and\nbroken',
  labels: ['kind', 'of'],
  values: ['', ''],
};
const GAUGE: Family = {
  name: 'wolfguard_depth',
  type: 'gauge',
  help: 'Depth',
  labels: [],
  values: [],
};
const HISTOGRAM: Family = {
  name: 'wolfguard_took_seconds',
  type: 'histogram',
  help: 'Took',
  labels: ['what'],
  values: [''],
};

test('families stand together, each with its help and its type, and escaped as the format wants', () => {
  const page = new Snapshot();
  page.set(COUNTER, 1, 'a', 'x');
  page.set(GAUGE, 0.5);
  page.set(COUNTER, 2, 'b', 'say "hi"\\\n');
  assert.equal(
    renderSamples(page.samples, 'prometheus'),
    [
      '# HELP wolfguard_things_total Things, "quoted" \\\\ and\\nbroken',
      '# TYPE wolfguard_things_total counter',
      'wolfguard_things_total{kind="a",of="x"} 1',
      'wolfguard_things_total{kind="b",of="say \\"hi\\"\\\\\\n"} 2',
      '# HELP wolfguard_depth Depth',
      '# TYPE wolfguard_depth gauge',
      'wolfguard_depth 0.5',
      '',
    ].join('\n'),
  );
});

test('OpenMetrics names a counter without "_total", escapes quotes in help, and has an end', () => {
  const page = new Snapshot();
  page.set(COUNTER, 1, 'a', 'x');
  assert.equal(
    renderSamples(page.samples, 'openmetrics'),
    [
      '# HELP wolfguard_things Things, \\"quoted\\" \\\\ and\\nbroken',
      '# TYPE wolfguard_things counter',
      'wolfguard_things_total{kind="a",of="x"} 1',
      '# EOF',
      '',
    ].join('\n'),
  );
});

test('a histogram has its buckets, one for all, the sum and the count', () => {
  const page = new Snapshot();
  const buckets = [
    { upTo: 0.1, count: 1 },
    { upTo: 1, count: 3 },
  ];
  page.setBuckets(HISTOGRAM, { buckets, count: 4, sum: 7.5 }, 'it');
  assert.deepEqual(renderSamples(page.samples, 'prometheus').split('\n').slice(2), [
    'wolfguard_took_seconds_bucket{what="it",le="0.1"} 1',
    'wolfguard_took_seconds_bucket{what="it",le="1"} 3',
    'wolfguard_took_seconds_bucket{what="it",le="+Inf"} 4',
    'wolfguard_took_seconds_sum{what="it"} 7.5',
    'wolfguard_took_seconds_count{what="it"} 4',
    '',
  ]);
});

test('what is no number is written as Prometheus reads it', () => {
  const page = new Snapshot();
  for (const value of [Infinity, -Infinity, NaN, 1e21]) page.set(GAUGE, value);
  assert.deepEqual(
    renderSamples(page.samples, 'prometheus').split('\n').slice(2, 6),
    ['+Inf', '-Inf', 'NaN', '1e+21'].map((text) => `wolfguard_depth ${text}`),
  );
});

test('any label comes back as it was, and never ends its line or its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const escaped = escapeLabel(value);
      assert.doesNotMatch(escaped, /\n/);
      assert.match(escaped, /^(?:[^"\\]|\\[n"\\])*$/s);
      const back = escaped.replace(/\\(.)/gs, (_, sign: string) => (sign === 'n' ? '\n' : sign));
      assert.equal(back, value.toWellFormed());
    }),
  );
});

test('who accepts OpenMetrics gets it, everybody else the older format', () => {
  const ofPrometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  assert.equal(formatOf(ofPrometheus), 'openmetrics');
  for (const accept of [undefined, '', '*/*', 'text/plain;version=0.0.4', 'text/html'])
    assert.equal(formatOf(accept), 'prometheus');
});
