import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeServiceManager } from '../../../server/notifier.ts';
import type { ServiceManager } from '../../../server/notifier.ts';

const PID = 4711;

test('everything that a service manager is told is lines of NAME=VALUE', () => {
  const { manager, told } = taken({ NOTIFY_SOCKET: '/run/systemd/notify' });
  manager.notifier.ready(PID);
  manager.notifier.status('serving 3 sessions');
  manager.notifier.reloading(12_345_678_901n);
  manager.notifier.stopping(30_000);
  manager.notifier.feedWatchdog();
  assert.deepEqual(told, [
    '/run/systemd/notify READY=1\nMAINPID=4711\n',
    '/run/systemd/notify STATUS=serving 3 sessions\n',
    '/run/systemd/notify RELOADING=1\nMONOTONIC_USEC=12345678901\n',
    '/run/systemd/notify STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\n',
    '/run/systemd/notify WATCHDOG=1\n',
  ]);
});

test('an abstract socket is a socket, and other kinds of address are nobody', () => {
  for (const [socket, count] of [
    ['@/org/freedesktop/notify', 1],
    ['vsock:2:9999', 0],
    ['', 0],
    ['/', 0],
  ] as const) {
    const { manager, told } = taken({ NOTIFY_SOCKET: socket });
    manager.notifier.feedWatchdog();
    assert.equal(told.length, count, socket);
  }
});

test('no child of ours finds the variables', () => {
  const environment = {
    NOTIFY_SOCKET: '@a',
    WATCHDOG_USEC: '10',
    WATCHDOG_PID: `${PID}`,
    HOME: '/',
  };
  taken(environment);
  assert.deepEqual(environment, { HOME: '/' });
});

test('the watchdog is ours when it names us, or nobody', () => {
  const limitOf = (variables: NodeJS.ProcessEnv): number | undefined =>
    taken({ NOTIFY_SOCKET: '@a', ...variables }).manager.watchdogMs;
  assert.equal(limitOf({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: `${PID}` }), 30_000);
  assert.equal(limitOf({ WATCHDOG_USEC: '30000000' }), 30_000);
  assert.equal(limitOf({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }), undefined);
  assert.equal(limitOf({ WATCHDOG_USEC: '0' }), undefined);
  assert.equal(limitOf({}), undefined);
});

test('a name that is too long for a socket keeps nobody from starting', () => {
  const { notifier } = takeServiceManager({ NOTIFY_SOCKET: '/x' }, PID, {
    sendUnixDatagram: () => {
      throw new Error('ENAMETOOLONG');
    },
  });
  notifier.feedWatchdog();
});

function taken(environment: NodeJS.ProcessEnv): { manager: ServiceManager; told: string[] } {
  const told: string[] = [];
  const manager = takeServiceManager(environment, PID, {
    sendUnixDatagram: (path, data) => {
      told.push(`${path} ${Buffer.from(data).toString()}`);
      return 'sent';
    },
  });
  return { manager, told };
}
