import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WolfguardError } from '../../../core/error.ts';
import type { SocketFacts } from '../../../native/system.ts';
import { claimSockets, takePassedSockets } from '../../../server/passed_sockets.ts';
import type { PassedSocket } from '../../../server/passed_sockets.ts';
import type { Config } from '../../../config/schema.ts';
import { listenersFor } from './fixtures/listeners.ts';

const PID = 4711;
const TCP: SocketFacts = { kind: 'tcp', address: '::', port: 443, dualStack: true };
const UDP: SocketFacts = { ...TCP, kind: 'udp' };
const ADMIN: SocketFacts = { kind: 'unix', address: '/run/a.sock', port: 0, dualStack: false };

test('descriptors from 3 on are ours when the variables name our process', () => {
  const environment = { LISTEN_PID: `${PID}`, LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', HOME: '/' };
  const asked: number[] = [];
  const sockets = takePassedSockets(environment, PID, {
    describeSocket: (fd) => {
      asked.push(fd);
      return TCP;
    },
  });
  assert.deepEqual(asked, [3, 4]);
  assert.deepEqual(sockets[1], { fd: 4, ...TCP });
  assert.deepEqual(environment, { HOME: '/' }, 'children do not find them');
});

test('descriptors of another process are not ours', () => {
  const describeSocket = (): never => assert.fail('not ours');
  for (const environment of [{}, { LISTEN_FDS: '2' }, { LISTEN_PID: '1', LISTEN_FDS: '2' }]) {
    assert.deepEqual(takePassedSockets(environment, PID, { describeSocket }), []);
  }
});

test('a descriptor that is no socket is named', () => {
  assert.throws(
    () =>
      takePassedSockets({ LISTEN_PID: `${PID}`, LISTEN_FDS: '1' }, PID, {
        describeSocket: () => {
          throw new Error('ENOTSOCK');
        },
      }),
    refused(/descriptor 3 of LISTEN_FDS is no socket/),
  );
});

test('each socket finds its key by protocol, address and port', () => {
  const passed = claimSockets(config(['::', '192.0.2.1'], ['::']), [
    { fd: 3, ...UDP },
    { fd: 4, ...TCP, address: '192.0.2.1' },
    { fd: 5, ...ADMIN },
  ]);
  assert.equal(passed.find('udp', '::', 443), 3);
  assert.equal(passed.find('tcp', '192.0.2.1', 443), 4);
  assert.equal(passed.find('tcp', '::', 443), undefined);
  assert.equal(passed.admin, 5);
});

test('the first worker has the passed socket, and each other one of its own beside it', () => {
  const { adopted, opened, workers } = listenersFor(config(['::'], ['::']), 3, [
    { fd: 3, ...TCP },
    { fd: 4, ...UDP },
  ]);
  assert.deepEqual(adopted, ['tcp 3', 'udp 4']);
  assert.deepEqual(opened, ['tcp', 'udp', 'tcp', 'udp']);
  assert.deepEqual(workers[0], { tcp: [3], udp: [4] });
});

for (const [what, socket, message] of [
  ['an address that no key names', { ...TCP, address: '0.0.0.0' }, /0\.0\.0\.0:443 is not in/],
  ['a port that no key names', { ...UDP, port: 4443 }, /UDP socket \[::\]:4443 .* listen\.udp/],
  ['a socket for IPv6 only', { ...TCP, dualStack: false }, /BindIPv6Only=both/],
  ['another Unix socket', { ...ADMIN, address: '/run/b' }, /\/run\/b is not admin\.socket/],
  ['a Unix socket of datagrams', { ...ADMIN, kind: 'other' }, /of no kind/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => claim([{ fd: 3, ...socket }]), refused(message));
  });
}

test('a socket that is passed twice is refused', () => {
  assert.throws(
    () =>
      claim([
        { fd: 3, ...TCP },
        { fd: 4, ...TCP },
      ]),
    refused(/TCP socket \[::\]:443 was passed twice/),
  );
});

const claim = (passed: readonly PassedSocket[]): unknown =>
  claimSockets(config(['::'], ['::']), passed);

function config(tcp: readonly string[], udp: readonly string[]): Config {
  const listen = {
    tcp: tcp.map((address) => ({ address, port: 443 })),
    udp: udp.map((address) => ({ address, port: 443 })),
  };
  return { listen, admin: { socket: ADMIN.address } } as unknown as Config;
}

const refused =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof WolfguardError &&
    error.code === 'PASSED_SOCKET' &&
    message.test(error.message);
