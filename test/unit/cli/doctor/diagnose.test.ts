import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { usualConfigPath } from '../../../../cli/doctor/diagnose.ts';

test("the quick start's file is taken where no other is installed", (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const installed = path.join(folder, 'wolfguard.toml');
  const state = path.join(folder, 'state');
  assert.equal(usualConfigPath(installed, state), installed);
  mkdirSync(state);
  writeFileSync(path.join(state, 'wolfguard.toml'), '');
  assert.equal(usualConfigPath(installed, state), path.join(state, 'wolfguard.toml'));
  writeFileSync(installed, '');
  assert.equal(usualConfigPath(installed, state), installed);
});
