import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BanStore } from '../../../server/ban_store.ts';

const BAN = { source: '203.0.113.7', score: 80, since: 1_700_000_000_000 };
const NETWORK = { source: '2001:db8::/64', score: 91, since: 1_600_000_000_000 };

test('bans come back as they were saved, the oldest first, the lifted ones not', (t) => {
  const directory = temporary(t);
  const first = open(t, directory);
  first.save(BAN);
  first.save(NETWORK);
  first.save({ ...BAN, source: '203.0.113.8' });
  first.delete('203.0.113.8');
  first.close();
  assert.deepEqual(open(t, directory).load(), [NETWORK, BAN]);
});

test('only root may read who was banned', (t) => {
  const directory = temporary(t);
  open(t, directory);
  assert.equal(statSync(path.join(directory, 'bans.db')).mode & 0o777, 0o600);
});

test('a ban is on disk within a second, and survives a crash then', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const directory = temporary(t);
  open(t, directory).save(BAN);
  t.mock.timers.tick(1000);
  const copy = temporary(t);
  cpSync(directory, copy, { recursive: true });
  assert.deepEqual(open(t, copy).load(), [BAN]);
});

test('a flood of bans is written in slices', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const directory = temporary(t);
  const store = open(t, directory);
  for (let n = 0; n < 1500; n++) store.save({ ...BAN, source: `10.0.${n >> 8}.${n & 255}` });
  const stored = (): number => {
    const copy = temporary(t);
    cpSync(directory, copy, { recursive: true });
    return open(t, copy).load().length;
  };
  t.mock.timers.tick(1000);
  assert.equal(stored(), 1000);
  t.mock.timers.tick(1000);
  assert.equal(stored(), 1500);
});

test('a damaged file is reported and made anew', (t) => {
  const directory = temporary(t);
  writeFileSync(path.join(directory, 'bans.db'), 'x'.repeat(8192));
  const errors: Error[] = [];
  const store = open(t, directory, errors);
  assert.equal(errors.length, 1);
  assert.deepEqual(store.load(), []);
  store.save(BAN);
  store.close();
  assert.deepEqual(open(t, directory).load(), [BAN]);
});

test('a file that another server holds is left alone, and bans work without it', (t) => {
  const directory = temporary(t);
  const first = open(t, directory);
  first.save(BAN);
  const errors: Error[] = [];
  const second = open(t, directory, errors);
  assert.equal(errors.length, 1);
  assert.deepEqual(second.load(), []);
  second.save(NETWORK);
  second.close();
  first.close();
  assert.deepEqual(open(t, directory).load(), [BAN]);
});

test('a folder that cannot be made costs only the memory of bans', (t) => {
  const directory = temporary(t);
  const file = path.join(directory, 'file');
  writeFileSync(file, '');
  const errors: Error[] = [];
  const store = open(t, path.join(file, 'state'), errors);
  store.save(BAN);
  store.close();
  assert.equal(errors.length, 1);
  assert.equal(readFileSync(file, 'utf8'), '');
});

function open(t: TestContext, directory: string, errors?: Error[]): BanStore {
  const onError = (error: Error): void => {
    assert.ok(errors !== undefined, error.message);
    errors.push(error);
  };
  const store = new BanStore({ directory, onError });
  t.after(() => store.close());
  return store;
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-bans-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
