import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WolfguardError } from '../../../core/error.ts';
import { parseIp } from '../../../core/net/address.ts';
import { addBytes } from '../../../core/policy/quota.ts';
import type { SessionRecord } from '../../../core/session/session.ts';
import { SCHEMA_VERSION } from '../../../server/session_rows.ts';
import { SessionStore } from '../../../server/session_store.ts';
import { cidr, client, counters } from '../core/session/fixture.ts';

const NOW = 1_700_000_000_000;

test('a session comes back from the file as it was saved', (t) => {
  const directory = temporary(t);
  const first = open(t, directory);
  assert.deepEqual(first.load(), { records: [], aliveAt: NOW, nextSession: 1 });
  first.save(record(7));
  first.save({ ...record(8), inside6: null, groups: [], expiresAt: NOW + 5 });
  first.close();
  assert.deepEqual(open(t, directory, NOW + 99).load(), {
    records: [record(7), { ...record(8), inside6: null, groups: [], expiresAt: NOW + 5 }],
    aliveAt: NOW,
    nextSession: 9,
  });
});

test('only the last word on a session is written, and numbers are never used again', (t) => {
  const directory = temporary(t);
  const first = open(t, directory);
  first.save(record(1));
  first.save(record(2));
  first.flush();
  first.save({ ...record(1), user: 'renamed' });
  first.delete(2);
  first.close();
  const { records, nextSession } = open(t, directory).load();
  assert.deepEqual(records, [{ ...record(1), user: 'renamed' }]);
  assert.equal(nextSession, 3);
});

test('a change is on disk within 100 ms without anybody asking', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const directory = temporary(t);
  const store = open(t, directory);
  const journal = (): Buffer => readFileSync(path.join(directory, 'sessions.db-wal'));
  store.save(record(1));
  assert.equal(journal().includes(record(1).cookieHash), false);
  t.mock.timers.tick(100);
  assert.equal(journal().includes(record(1).cookieHash), true);
});

test('a tick writes a slice, and flush writes the rest', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const directory = temporary(t);
  const store = open(t, directory);
  for (let session = 1; session <= 2500; session++) store.save(record(session));
  const journal = (): Buffer => readFileSync(path.join(directory, 'sessions.db-wal'));
  t.mock.timers.tick(100);
  assert.equal(journal().includes(record(1000).cookieHash), true);
  assert.equal(journal().includes(record(1001).cookieHash), false);
  store.close();
  assert.equal(open(t, directory).load().records.length, 2500);
});

test('the file and its journal are for the server alone', (t) => {
  const directory = temporary(t);
  writeFileSync(path.join(directory, 'sessions.db'), '', { mode: 0o644 });
  const store = open(t, directory);
  store.save(record(1));
  store.flush();
  for (const name of ['sessions.db', 'sessions.db-wal']) {
    assert.equal(statSync(path.join(directory, name)).mode & 0o777, 0o600, name);
  }
});

test('a damaged file is refused with what to do', (t) => {
  const garbage = temporary(t);
  writeFileSync(path.join(garbage, 'sessions.db'), 'not a database '.repeat(500));
  refuses(garbage, 'state-corrupt', /Move it away/);

  const torn = temporary(t);
  const store = open(t, torn);
  for (let session = 1; session <= 500; session++) store.save(record(session));
  store.close();
  const file = path.join(torn, 'sessions.db');
  const bytes = readFileSync(file);
  bytes.fill(0xaa, 8192, 20480);
  writeFileSync(file, bytes);
  refuses(torn, 'state-corrupt', /Move it away/);
});

test('a row that makes no sense is damage too', (t) => {
  const directory = temporary(t);
  const store = open(t, directory);
  store.save(record(1));
  store.close();
  change(directory, "UPDATE session SET inside4 = '10.77.0.999'");
  const reopened = open(t, directory);
  assert.throws(() => reopened.load(), { code: 'state-corrupt' });
});

test('the file of a newer version is refused and left alone', (t) => {
  const directory = temporary(t);
  open(t, directory).close();
  change(directory, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  refuses(directory, 'state-newer', /newer wolfguard/);
});

test('sessions of an older version are taken over, as ones that never had a tunnel', (t) => {
  const directory = temporary(t);
  const store = open(t, directory);
  store.save(record(1));
  store.close();
  change(
    directory,
    'DROP TABLE quota_usage; ALTER TABLE session DROP COLUMN opened_at; PRAGMA user_version = 2',
  );
  const reopened = open(t, directory);
  assert.deepEqual(reopened.load().records, [{ ...record(1), openedAt: null }]);
  assert.deepEqual(reopened.loadUsage(), new Map());
  reopened.save(record(1));
});

test('what users have used of their quotas comes back, but for what is long over', (t) => {
  const directory = temporary(t);
  const store = open(t, directory);
  const usage = addBytes(undefined, 2 ** 45, NOW);
  store.saveUsage('alice', addBytes(undefined, 1, NOW));
  store.saveUsage('alice', usage);
  store.saveUsage('bob', usage);
  store.saveUsage('bob', null);
  store.saveUsage('carol', addBytes(undefined, 1, NOW - 40 * 24 * 3600 * 1000));
  store.close();
  const reopened = open(t, directory);
  assert.deepEqual(reopened.loadUsage(), new Map([['alice', usage]]));
  reopened.close();
  reopened.saveUsage('alice', null);
  assert.equal(open(t, directory).loadUsage().size, 1);
});

test('a second server on the same file is refused', (t) => {
  const directory = temporary(t);
  const store = open(t, directory);
  refuses(directory, 'state-in-use', /another server/);
  store.close();
  open(t, directory);
});

test('a folder that cannot be made is refused with what to do', (t) => {
  const directory = temporary(t);
  writeFileSync(path.join(directory, 'file'), '');
  refuses(path.join(directory, 'file', 'state'), 'state-unwritable', /state\.dir/);
});

test('nothing is lost when writing fails for a while', (t) => {
  const directory = temporary(t);
  const errors: Error[] = [];
  let full = true;
  const now = (): number => {
    if (full) throw new Error('disk full');
    return NOW;
  };
  const store = new SessionStore({ directory, now, onError: (error) => errors.push(error) });
  t.after(() => store.close());
  store.save(record(1));
  assert.equal(store.flush(), false);
  assert.deepEqual(
    errors.map(({ message }) => message),
    ['disk full'],
  );
  full = false;
  assert.equal(store.flush(), true);
  store.close();
  assert.deepEqual(open(t, directory).load().records, [record(1)]);
});

test('what is flushed survives the death of the process', (t) => {
  const directory = temporary(t);
  const store = open(t, directory);
  store.save(record(1));
  store.flush();
  store.save(record(2));
  const asLeft = temporary(t);
  cpSync(directory, asLeft, { recursive: true });
  assert.deepEqual(open(t, asLeft).load().records, [record(1)]);
});

test('words that come after close are dropped', (t) => {
  const directory = temporary(t);
  const store = open(t, directory);
  store.close();
  store.save(record(1));
  store.close();
  assert.deepEqual(open(t, directory).load().records, []);
});

function record(session: number): SessionRecord {
  const inside4 = parseIp('10.77.0.9');
  const inside6 = parseIp('fd00:77::9');
  assert.ok(inside4 && inside6);
  return {
    session,
    cookieHash: String(session).padStart(64, '0'),
    vhost: 'partners.example.com',
    user: 'jürgen "the" user',
    groups: ['staff', 'vpn'],
    loginAt: NOW - 1000,
    loginAddress: '192.0.2.1',
    peer: { address: '2001:db8::1', port: 65535 },
    client,
    inside4,
    inside6,
    attributes: {
      policy: { address: inside4, routes: [cidr('10.0.0.0/8')], session_timeout: 60_000 },
      accounting: { backend: 'radius', interimMs: 60_000, classes: ['00ff'] },
    },
    openedAt: 1_700_000_000_002,
    totals: counters(2 ** 45),
    expiresAt: null,
  };
}

function open(t: TestContext, directory: string, now = NOW): SessionStore {
  const onError = (error: Error): never => assert.fail(error);
  const store = new SessionStore({ directory, now: () => now, onError });
  t.after(() => store.close());
  return store;
}

function refuses(directory: string, code: string, advice: RegExp): void {
  const onError = (error: Error): never => assert.fail(error);
  assert.throws(
    () => new SessionStore({ directory, now: () => NOW, onError }),
    (error) => error instanceof WolfguardError && error.code === code && advice.test(error.message),
  );
}

function change(directory: string, sql: string): void {
  const database = new DatabaseSync(path.join(directory, 'sessions.db'));
  database.exec(sql);
  database.close();
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
