import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { HookStore } from '../../../../server/hooks/hook_store.ts';
import type { OpenRecord } from '../../../../server/hooks/hook_store.ts';
import { INFO } from './fixture.ts';

const RECORD: OpenRecord = { info: INFO, connectedAt: 5, rxBytes: 1, txBytes: 2, end: null };

test('what is owed is found again by the next run, the oldest first', (t) => {
  const directory = folder(t);
  const errors: Error[] = [];
  const open = (): HookStore =>
    new HookStore({ directory, onError: (error) => errors.push(error) });
  const store = open();
  const ids = [store.add(RECORD), store.add(RECORD), store.add(RECORD)];
  const end = { end: 'lost', statistics: { bytesIn: 1, bytesOut: 2, durationMs: 3 } };
  store.save(ids[2] ?? 0, { ...RECORD, end });
  store.delete(ids[0] ?? 0);
  store.close();
  store.close();
  assert.equal(statSync(path.join(directory, 'hooks.db')).mode & 0o777, 0o600);
  const next = open();
  t.after(() => next.close());
  assert.deepEqual(next.load(), [
    { id: 2, record: RECORD },
    { id: 3, record: { ...RECORD, end } },
  ]);
  assert.equal(next.add(RECORD), 4);
  assert.deepEqual(errors, []);
});

test('a damaged file is said, and made anew', (t) => {
  const directory = folder(t);
  writeFileSync(path.join(directory, 'hooks.db'), 'this is no database'.repeat(100));
  const errors: string[] = [];
  const store = new HookStore({ directory, onError: ({ message }) => errors.push(message) });
  t.after(() => store.close());
  assert.equal(errors.length, 1);
  assert.deepEqual(store.load(), []);
  store.add(RECORD);
  assert.equal(store.load().length, 1);
});

function folder(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-hooks-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
