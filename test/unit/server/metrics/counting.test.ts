import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { LoginForm } from '../../../../core/ipc/messages.ts';
import { Meter } from '../../../../server/metrics/meter.ts';
import { deviceDrops, processFacts } from '../../../../server/metrics/proc.ts';
import { Processes } from '../../../../server/metrics/processes.ts';

const FORM: LoginForm = {
  ...{ message: '', error: null, groups: [], urlGroup: null },
  inputs: [{ type: 'password', name: 'password', label: 'Password:' }],
};
const PLAIN = { refused: false, banned: false };

test('each login is counted once, by what came of it, and steps between are none', () => {
  const meter = new Meter();
  const form = { kind: 'form', dialogue: 'd', form: FORM } as const;
  meter.loginAnswered(form, PLAIN, 1);
  meter.loginAnswered(form, { ...PLAIN, refused: true }, 1);
  meter.loginAnswered({ kind: 'complete', cookie: 'c', banner: '' }, PLAIN, 1);
  meter.loginAnswered({ kind: 'failed', reason: 'banned' }, { ...PLAIN, banned: true }, 1);
  meter.loginAnswered({ kind: 'failed', reason: 'over' }, PLAIN, 1);
  meter.loginAnswered({ kind: 'unavailable', reason: 'down' }, PLAIN, 1);
  meter.loginAnswered({ kind: 'turned-away', reason: 'draining' }, PLAIN, 1);
  const lastWord = { ...form, form: { ...FORM, inputs: [] } };
  meter.loginAnswered(lastWord, PLAIN, 1);
  const once = { ok: 1, refused: 1, banned: 1, closed: 1, failed: 1, unavailable: 1, draining: 1 };
  assert.deepEqual(meter.logins.read(), once);
  assert.equal(meter.loginSeconds.read().count, 8);
});

test('levels are those of the process that is there, and go with it', () => {
  const processes = new Processes();
  const observer = processes.observe('worker-0');
  assert.deepEqual(processes.list(), []);
  observer.spawned(7);
  observer.measured(7, { sums: { forwarded: 3 }, levels: { tunnels: 5, tls_blocked: NaN } });
  assert.deepEqual([processes.level('tunnels'), processes.level('tls_blocked')], [5, 0]);
  observer.gone(7);
  assert.deepEqual([processes.level('tunnels'), processes.totals.sum('forwarded')], [0, 3]);
  observer.spawned(8);
  observer.measured(7, { sums: {}, levels: { tunnels: 9 } });
  assert.equal(processes.level('tunnels'), 0);
  const [view] = processes.list();
  assert.deepEqual([view?.pid, view?.restarts], [8, 1]);
});

test('the longest delays of the event loop are a histogram', () => {
  const processes = new Processes();
  const observer = processes.observe('auth');
  observer.spawned(7);
  for (const ms of [0, 30, 5000]) {
    observer.measured(7, { sums: {}, levels: { loop_delay_ms: ms } });
  }
  const { buckets, count, sum } = processes.list()[0]?.delays ?? { buckets: [], count: 0, sum: 0 };
  assert.deepEqual([count, sum], [3, 5.03]);
  assert.equal(buckets.find(({ upTo }) => upTo === 0.05)?.count, 2);
});

test('memory and descriptors are read in /proc, also of this very process', () => {
  const facts = processFacts(process.pid);
  const { rss } = process.memoryUsage();
  assert.ok(facts !== undefined && Math.abs(facts.residentBytes - rss) < rss / 2);
  assert.ok((facts.openDescriptors ?? 0) > 2 && facts.maxDescriptors > 2);
  assert.equal(processFacts(0), undefined);
});

test('what the kernel drops at the device is told by its direction', (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(path.join(root, 'wolf0/statistics'), { recursive: true });
  writeFileSync(path.join(root, 'wolf0/statistics/rx_dropped'), '3\n');
  writeFileSync(path.join(root, 'wolf0/statistics/tx_dropped'), '4\n');
  assert.deepEqual(deviceDrops('wolf0', root), { received: 3, sent: 4 });
  assert.equal(deviceDrops('wolf1', root), undefined);
});
