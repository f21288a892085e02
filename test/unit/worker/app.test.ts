import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { SETTINGS } from './bench.ts';

const APP = path.join(import.meta.dirname, '../../../worker/app.ts');
const FAKE_ADDON = path.join(import.meta.dirname, 'fake_addon.cjs');

test('a worker gives its privileges away before it accepts, then is ready', async (t) => {
  const worker = forkWorker(t);
  start(worker.child);
  await worker.heard('ready');
  assert.deepEqual(worker.messages, [
    'setTls',
    `dieWithParent ${process.pid}`,
    'enterSandbox worker',
    'start',
    'ready',
  ]);
});

test('a worker ends when its primary lets go of the channel', async (t) => {
  const { child, heard } = forkWorker(t);
  start(child);
  await heard('ready');
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a worker does not mind SIGINT and SIGTERM: the primary decides', async (t) => {
  const { child, heard } = forkWorker(t);
  start(child);
  await heard('ready');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  child.send({ kind: 'list-tunnels', id: 1 });
  await heard('tunnels');
  child.send({ kind: 'shutdown', tellClients: false });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a worker that cannot start says why and exits with 1', async (t) => {
  const { child, heard, messages } = forkWorker(t, { FAKE_TLS_ERROR: 'key values mismatch' });
  const exit = once(child, 'exit');
  start(child);
  await heard('fatal: key values mismatch');
  assert.deepEqual(await exit, [1, null]);
  assert.ok(!messages.includes('start'));
});

interface Forked {
  readonly child: ChildProcess;
  readonly messages: readonly string[];
  /** Waits for a message; the test fails if the worker ends first. */
  readonly heard: (message: string) => Promise<void>;
}

function forkWorker(t: TestContext, env: Readonly<Record<string, string>> = {}): Forked {
  const child = fork(APP, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, WOLFGUARD_ADDON: FAKE_ADDON, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  const messages: string[] = [];
  child.on('message', (message: { kind: string; call?: string; message?: string }) => {
    const words =
      message.message === undefined ? message.kind : `${message.kind}: ${message.message}`;
    messages.push(message.call ?? words);
  });
  const heard = async (message: string): Promise<void> => {
    while (!messages.includes(message)) {
      const next = await Promise.race([once(child, 'message'), once(child, 'exit')]);
      if (typeof next[0] !== 'object') assert.fail(`ended with ${next.join(' ')}`);
      await Promise.resolve();
    }
  };
  return { child, messages, heard };
}

const start = (child: ChildProcess): void =>
  void child.send({
    kind: 'start',
    worker: 0,
    workers: 1,
    settings: SETTINGS,
    fds: { tun: -1, tcp: [], udp: [], inbox: -1, outboxes: [], owners: -1 },
    user: null,
    sandbox: true,
    primaryPid: process.pid,
  });
