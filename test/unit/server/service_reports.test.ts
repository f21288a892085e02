import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Notifier } from '../../../server/notifier.ts';
import { ServiceReports } from '../../../server/service_reports.ts';

test('ready comes first, then how many sessions there are, each time that changes', (t) => {
  const { reports, told, now } = start(t, undefined);
  now.sessions = 1;
  assert.deepEqual(told, []);
  reports.ready(() => now);
  t.mock.timers.tick(20_000);
  now.sessions = 2;
  t.mock.timers.tick(5_000);
  now.draining = true;
  t.mock.timers.tick(5_000);
  assert.deepEqual(told, [
    'READY=1 MAINPID',
    'STATUS=serving 1 session',
    'STATUS=serving 2 sessions',
    'STATUS=draining 2 sessions',
  ]);
});

test('the watchdog is fed twice in its time, and only while the server is well', (t) => {
  const { reports, told, now } = start(t, 30_000);
  reports.ready(() => now);
  const fed = (): number => told.filter((line) => line === 'WATCHDOG=1').length;
  assert.equal(fed(), 1);
  t.mock.timers.tick(60_000);
  assert.equal(fed(), 5);
  now.healthy = false;
  t.mock.timers.tick(60_000);
  assert.equal(fed(), 5);
  now.healthy = true;
  t.mock.timers.tick(15_000);
  assert.equal(fed(), 6);
});

test('a reload is announced and its end too, also when it fails', async (t) => {
  const { reports, told, now } = start(t, undefined);
  assert.equal(await reports.reload(() => Promise.resolve('during the start')), 'during the start');
  assert.deepEqual(told, []);
  reports.ready(() => now);
  told.length = 0;
  assert.equal(await reports.reload(() => Promise.resolve(told.length)), 1);
  await assert.rejects(reports.reload(() => Promise.reject(new Error('a bug'))));
  assert.deepEqual(told, [
    'RELOADING=1 MONOTONIC_USEC',
    'READY=1 MAINPID',
    'RELOADING=1 MONOTONIC_USEC',
    'READY=1 MAINPID',
  ]);
});

test('the watchdog is fed while the server stops, until it has', (t) => {
  const { reports, told, now } = start(t, 10_000);
  reports.ready(() => now);
  reports.stopping(30_000);
  told.length = 0;
  t.mock.timers.tick(5_000);
  reports.close();
  t.mock.timers.tick(60_000);
  assert.deepEqual(told, ['WATCHDOG=1']);
});

interface Facts {
  sessions: number;
  draining: boolean;
  healthy: boolean;
}

function start(
  t: TestContext,
  watchdogMs: number | undefined,
): { reports: ServiceReports; told: string[]; now: Facts } {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const told: string[] = [];
  const notifier = new Notifier((lines) => {
    // The numbers of processes and clocks are not the same twice.
    told.push(lines.join(' ').replace(/(MAINPID|MONOTONIC_USEC)=\d+/, '$1'));
  });
  const reports = new ServiceReports({ notifier, watchdogMs });
  return { reports, told, now: { sessions: 0, draining: false, healthy: true } };
}
