// What a service manager hears of us, and the sockets that it opens for us. systemd is not the first
// process of a test machine, so a program of the test stands in for it; its own tool for trying
// socket activation is the real one.
import assert from 'node:assert/strict';
import process from 'node:process';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askServer } from '../../cli/wolfctl/client.ts';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab, PORT } from './harness/lab.ts';
import type { Program } from './harness/program.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const MANAGER = fileURLToPath(new URL('harness/service_manager.py', import.meta.url));
const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
const options = { timeout: 90_000 };
/** Starting on a busy machine. */
const START_MS = 20_000;
const WATCHDOG_MS = 2_000;

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

test(
  'a service manager hears of everything, and its sockets serve before and after a restart',
  options,
  async () => {
    const { manager, socket } = manage(['tcp::::443', 'udp::::443']);
    const [, pid] = await manager.waitFor(/notified READY=1 MAINPID=(\d+) /, START_MS);
    const status = await askServer<'status'>(socket, { command: 'status' });
    assert.equal(status.pid, Number(pid));
    await manager.waitFor(/notified STATUS=serving 0 sessions /, 2000);
    // Two workers: the passed socket and another beside it, for each protocol.
    assert.equal(
      lab.server
        .run('ss', ['-Hlnt', `sport = :${PORT}`])
        .trim()
        .split('\n').length,
      2,
    );
    assert.equal(
      lab.server
        .run('ss', ['-Hlnu', `sport = :${PORT}`])
        .trim()
        .split('\n').length,
      2,
    );

    const client = await Client.connect(lab, { account: ALICE });
    assert.equal(client.channel, 'dtls');
    assert.equal(ping(lab.client, '10.77.0.1', 3), 1);
    await manager.waitFor(/notified STATUS=serving 1 session /, 10_000);
    await manager.waitFor(/(notified WATCHDOG=1 [^]*){3}/, 4 * WATCHDOG_MS + 5000);

    let from = manager.output.length;
    await askServer<'reload'>(socket, { command: 'reload' });
    await manager.waitFor(/RELOADING=1 MONOTONIC_USEC=\d+ [^]*READY=1/, 5000, from);

    from = manager.output.length;
    manager.signal('SIGUSR1');
    await manager.waitFor(/STOPPING=1 EXTEND_TIMEOUT_USEC=\d+ [^]*ended with 0/, START_MS, from);
    // Nobody is there to accept it, but the port is open: it waits.
    await client.program.waitForExit(10_000);
    await Client.connect(lab, { account: ALICE });
    await manager.waitFor(/READY=1/, START_MS, from);
  },
);

test(
  'a socket that no key names keeps the server from starting, and its port is said',
  options,
  async () => {
    const { manager } = manage(['tcp::::8443']);
    await manager.waitForExit(START_MS);
    assert.match(manager.output, /the TCP socket \[::\]:8443 is not in listen\.tcp: add it there/);
  },
);

test('the admin socket may be passed too', options, async () => {
  const { manager, socket } = manage([`unix:${lab.file('passed.sock')}`], 'passed.sock');
  await manager.waitFor(/READY=1/, START_MS);
  assert.equal((await askServer<'status'>(socket, { command: 'status' })).workerPids.length, 2);
});

test("systemd's own tool starts the server for the first client", options, async () => {
  const config = Server.writeFiles(lab, { listen: { udp: [] } });
  const server = lab.server.spawn('systemd-socket-activate', [
    ...['-E', 'PATH', '-l', `[::]:${PORT}`],
    ...[process.execPath, WOLFGUARD, 'serve', '-c', config],
  ]);
  lab.onClose(() => server.stop(START_MS));
  await eventually('the port is open', START_MS, () =>
    lab.server.run('ss', ['-Hlnt', `sport = :${PORT}`]).includes('LISTEN'),
  );
  assert.doesNotMatch(server.output, /"ready"/);
  const client = await Client.connect(lab, { account: ALICE, dtls: false });
  assert.equal(client.channel, 'tls');
});

/** The server under a manager that has opened these sockets. */
function manage(
  sockets: readonly string[],
  adminSocket = 'run/admin.sock',
): { manager: Program; socket: string } {
  const socket = lab.file(adminSocket);
  const config = Server.writeFiles(lab, { admin: { socket } });
  const manager = lab.server.spawn('python3', [
    ...[MANAGER, `@wolfguard-test-${process.pid}`, `${WATCHDOG_MS * 1000}`, ...sockets, '--'],
    ...[process.execPath, WOLFGUARD, 'serve', '-c', config],
  ]);
  lab.onClose(() => manager.stop(START_MS));
  return { manager, socket };
}
