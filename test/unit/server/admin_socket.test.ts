import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { askServer } from '../../../cli/wolfctl/client.ts';
import { WolfguardError } from '../../../core/error.ts';
import { openAdminSocket } from '../../../server/admin_socket.ts';
import type { AdminSocket, AdminSocketComponents } from '../../../server/admin_socket.ts';

test('a command goes in and its answer comes out', async (t) => {
  const { file } = await open(t);
  assert.deepEqual(await askServer(file, { command: 'disconnect', target: { user: 'ålice' } }), {
    sessions: 1,
  });
});

test('a refusal comes back as its sentence', async (t) => {
  const { file } = await open(t, {
    answer: () => Promise.resolve({ ok: false, code: 'NOT_FOUND', message: 'nobody is there' }),
  });
  await assert.rejects(askServer(file, { command: 'users' }), (error) => {
    assert.ok(error instanceof WolfguardError);
    assert.deepEqual([error.code, error.message], ['NOT_FOUND', 'nobody is there']);
    return true;
  });
});

test('requests that arrive in one piece, or in crumbs, are answered one by one in their order', async (t) => {
  const { file } = await open(t);
  const text =
    '{"id":1,"command":"stop"}\n{"id":2,"command":"nonsense"}\nrubbish\n{"id":4,"command":"stop"}\n';
  for (const step of [text.length, 1]) {
    const lines = await talk(file, text, 4, step);
    const replies = lines.map((line) => JSON.parse(line) as { id: number; ok: boolean });
    assert.deepEqual(
      replies.map(({ id, ok }) => [id, ok]),
      [
        [1, true],
        [2, false],
        [0, false],
        [4, true],
      ],
    );
  }
});

test('a request that never ends is refused and the connection closed', async (t) => {
  const { file } = await open(t);
  const [line] = await talk(file, 'x'.repeat(5000), 1);
  assert.match(line ?? '', /too long/);
});

test('a client that says nothing is dropped', async (t) => {
  const { file } = await open(t);
  assert.deepEqual(await talk(file, '', 1), []);
});

test('the file is for its owner alone, from the first moment', async (t) => {
  const { file } = await open(t);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('another user is turned away even where the file lets him in', async (t) => {
  const { file } = await open(t, {
    peerCredentials: () => ({ pid: process.pid, uid: 12345, gid: 12345 }),
  });
  chmodSync(file, 0o666);
  await assert.rejects(askServer(file, { command: 'users' }), /this user may not use it/);
});

test('a member of admin.group is let in', async (t) => {
  const peerCredentials = (): { pid: number; uid: number; gid: number } => ({
    pid: process.pid,
    uid: 12345,
    gid: 54321,
  });
  const { file } = await open(t, { peerCredentials }, 54321);
  assert.equal(statSync(file).mode & 0o777, 0o660);
  assert.deepEqual(await askServer(file, { command: 'stop' }), { stopping: true });
});

test('a socket that a killed server left behind is replaced, one that answers is not', async (t) => {
  const { file, socket, directory } = await open(t);
  await assert.rejects(openAt(file), /another server is running/);
  await socket.close();
  assert.ok(!existsSync(file), 'a server that stops takes its socket away');
  await leaveStale(file);
  const second = await openAt(file);
  t.after(() => second.close());
  const ordinary = path.join(directory, 'file');
  writeFileSync(ordinary, 'precious');
  await assert.rejects(openAt(ordinary), /no socket/);
});

test('without a server, wolfctl says so', async () => {
  await assert.rejects(askServer('/nonexistent/admin.sock', { command: 'users' }), (error) => {
    assert.ok(error instanceof WolfguardError);
    assert.equal(error.code, 'NOT_RUNNING');
    return true;
  });
});

const ROOT = { pid: 1, uid: 0, gid: 0 };

const components: AdminSocketComponents = {
  answer: (command) =>
    Promise.resolve({
      ok: true,
      result: command.command === 'disconnect' ? { sessions: 1 } : { stopping: true },
    }),
  peerCredentials: () => ROOT,
  logger: pino({ level: 'silent' }),
};

const openAt = (
  file: string,
  changes: Partial<AdminSocketComponents> = {},
  gid: number | null = null,
): Promise<AdminSocket> =>
  openAdminSocket(
    { ...components, ...changes },
    { path: file, gid, idleTimeoutMs: 300, maxConnections: 4 },
  );

async function open(
  t: TestContext,
  changes: Partial<AdminSocketComponents> = {},
  gid: number | null = null,
): Promise<{ file: string; socket: AdminSocket; directory: string }> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  const file = path.join(directory, 'run', 'admin.sock');
  const socket = await openAt(file, changes, gid);
  t.after(async () => {
    await socket.close();
    rmSync(directory, { recursive: true });
  });
  return { file, socket, directory };
}

/** Sends text in steps of so many characters; the lines that came until `count` or the end. */
function talk(file: string, text: string, count: number, step = text.length): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let received = '';
    const lines = (): string[] => received.split('\n').filter((line) => line !== '');
    const socket = net.connect(file, () => {
      for (let at = 0; at < text.length; at += step) socket.write(text.slice(at, at + step));
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      received += String(chunk);
      if (lines().length >= count) socket.end();
    });
    socket.on('close', () => resolve(lines()));
    socket.on('error', reject);
  });
}

/** A socket file with nobody behind it: bound under another name, then moved. */
async function leaveStale(file: string): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(`${file}.tmp`, resolve));
  renameSync(`${file}.tmp`, file);
  await new Promise((resolve) => server.close(resolve));
}
