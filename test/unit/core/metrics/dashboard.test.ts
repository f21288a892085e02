import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { families } from '../../../../core/metrics/families.ts';
import { metricNames, readAlerts, readDashboard } from '../../../scenario/harness/promql.ts';

const ROOT = path.join(import.meta.dirname, '../../../..');
const KNOWN = new Set(
  Object.values(families).flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

test('the dashboard and the alerts ask for what there is', () => {
  const expressions = [...readDashboard(), ...readAlerts()];
  assert.ok(expressions.length > 50);
  for (const expression of expressions) {
    const names = metricNames(expression);
    for (const name of names) assert.ok(KNOWN.has(name), `${name} in ${expression}`);
  }
});

test('every family is on the dashboard', () => {
  const shown = new Set(readDashboard().flatMap(metricNames));
  const missing = Object.values(families).filter(
    ({ name, type }) => !shown.has(type === 'histogram' ? `${name}_bucket` : name),
  );
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test('panels of the dashboard do not overlap, and each has a number of its own', () => {
  const text = readFileSync(path.join(ROOT, 'docs/grafana/wolfguard.json'), 'utf8');
  const { panels } = JSON.parse(text) as {
    panels: { id: number; gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[];
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
});

test('names follow the conventions: a prefix, a unit, and "_total" for counters alone', () => {
  for (const { name, type, help, labels, values } of Object.values(families)) {
    assert.match(name, /^wolfguard_[a-z][a-z0-9_]*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.match(help, /^[A-Z].*[^.]$/);
    assert.equal(labels.length, values.length);
  }
});
