import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireTool, runTool } from './tools.ts';

const UNITS = ['wolfguard.service', 'wolfguard.socket'];
const pathOf = (unit: string): string =>
  fileURLToPath(new URL(`../../../packaging/systemd/${unit}`, import.meta.url));

test('systemd understands every line of the units', (t) => {
  if (!requireTool(t, 'systemd-analyze')) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-units-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const copies = UNITS.map((unit) => {
    const copy = path.join(folder, unit);
    // The programs are not installed on the machine that runs the test.
    const text = readFileSync(pathOf(unit), 'utf8').replace(
      /=\/usr\/(bin|lib)\/wolf\S+/g,
      '=/bin/true',
    );
    writeFileSync(copy, text);
    return copy;
  });
  const { output } = runTool('systemd-analyze', ['verify', '--man=no', ...copies]);
  // It reads all units of the machine, and has something to say about others too.
  assert.deepEqual(
    output.split('\n').filter((line) => line.includes('wolfguard')),
    [],
  );
});

test('the service is exposed no more than 4.0 by the measure of systemd', (t) => {
  if (!requireTool(t, 'systemd-analyze')) return;
  const { code, output } = runTool('systemd-analyze', [
    ...['security', '--offline=true', '--no-pager', '--threshold=40'],
    pathOf('wolfguard.service'),
  ]);
  const [, level] = /Overall exposure level for wolfguard\.service: ([\d.]+)/.exec(output) ?? [];
  assert.ok(Number(level) <= 4, output);
  assert.equal(code, 0);
});
