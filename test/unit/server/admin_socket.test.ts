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
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { askServer, followServer } from '../../../cli/wolfctl/client.ts';
import { WolfguardError } from '../../../core/error.ts';
import { decodeAdminEvent, encodeAdminEvent } from '../../../core/ipc/admin_event.ts';
import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import type { EventReader } from '../../../server/admin_events.ts';
import { openAdminSocket } from '../../../server/admin_socket.ts';
import type { AdminSocket, AdminSocketComponents } from '../../../server/admin_socket.ts';
import { MAX_QUEUED_EVENT_BYTES } from '../../../server/event_queue.ts';

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

test('events follow the reply until the reader goes', async (t) => {
  const { file, events } = await open(t);
  const interruption = new AbortController();
  const heard: AdminEvent[] = [];
  const following = (async () => {
    for await (const event of followServer(file, { command: 'events' }, interruption.signal)) {
      heard.push(event);
    }
  })();
  await until(() => events.readers.size === 1);
  events.tell({ kind: 'lost', events: 1 });
  events.tell({ kind: 'lost', events: 2 });
  await until(() => heard.length === 3);
  assert.deepEqual(heard, [
    { kind: 'listening', at: 1 },
    { kind: 'lost', events: 1 },
    { kind: 'lost', events: 2 },
  ]);
  interruption.abort();
  await following;
  await until(() => events.readers.size === 0);
});

test('a reader of events may be silent for long, and hears when the server ends', async (t) => {
  const { file, events, socket } = await open(t);
  const following = (async () => {
    for await (const event of followServer(file, { command: 'events' }, NEVER)) assert.ok(event);
  })();
  await until(() => events.readers.size === 1);
  // Longer than the time after which the socket drops other clients.
  await sleep(500);
  assert.equal(events.readers.size, 1);
  await Promise.all([assert.rejects(following, { code: 'ENDED' }), socket.close()]);
});

test('one reader too many is refused', async (t) => {
  const { file } = await open(t, { events: { subscribe: () => undefined } });
  const following = followServer(file, { command: 'events' }, NEVER);
  await assert.rejects(following.next(), { code: 'REFUSED' });
});

test('a reader that stops reading costs its buffer and nobody else anything', async (t) => {
  const { file, events } = await open(t);
  const reader = net.connect(file, () => reader.write('{"id":1,"command":"events"}\n'));
  t.after(() => reader.destroy());
  const [first] = (await once(reader, 'data')) as [Buffer];
  reader.pause();
  assert.match(String(first), /^\{"id":1,"ok":true,"result":\{"listening":true\}\}\n/);
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    events.tell(A_LOGIN);
    if (i % 1000 === 0) await askServer(file, { command: 'stop' });
  }
  let received = String(first).replace(/^.*\n/, '');
  reader.setEncoding('utf8').on('data', (text: string) => (received += text));
  reader.resume();
  const told = (): AdminEvent[] => received.split('\n').slice(0, -1).map(decodeAdminEvent);
  const lost = (): number =>
    told().reduce((sum, event) => sum + (event.kind === 'lost' ? event.events : 0), 0);
  const others = (): number => told().filter(({ kind }) => kind === 'login-refused').length;
  await until(() => lost() > 0 && lost() + others() === count);
  // Beside our own there are the buffers of the socket, here and in the kernel.
  assert.ok(received.length < MAX_QUEUED_EVENT_BYTES + 1_000_000, `${received.length} bytes`);
});

test('without a server, wolfctl says so', async () => {
  await assert.rejects(askServer('/nonexistent/admin.sock', { command: 'users' }), (error) => {
    assert.ok(error instanceof WolfguardError);
    assert.equal(error.code, 'NOT_RUNNING');
    return true;
  });
});

const ROOT = { pid: 1, uid: 0, gid: 0 };

const components: Omit<AdminSocketComponents, 'events'> = {
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
    { ...components, events: new Events(), ...changes },
    { path: file, gid, idleTimeoutMs: 300, maxConnections: 4 },
  );

async function open(
  t: TestContext,
  changes: Partial<AdminSocketComponents> = {},
  gid: number | null = null,
): Promise<{ file: string; socket: AdminSocket; directory: string; events: Events }> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  const file = path.join(directory, 'run', 'admin.sock');
  const events = new Events();
  const socket = await openAt(file, { events, ...changes }, gid);
  t.after(async () => {
    await socket.close();
    rmSync(directory, { recursive: true });
  });
  return { file, socket, directory, events };
}

class Events {
  readonly readers = new Set<EventReader>();

  subscribe(reader: EventReader): () => void {
    this.readers.add(reader);
    reader(encodeAdminEvent({ kind: 'listening', at: 1 }));
    return () => void this.readers.delete(reader);
  }

  tell(event: AdminEvent): void {
    for (const reader of this.readers) reader(encodeAdminEvent(event));
  }
}

const A_LOGIN: AdminEvent = {
  kind: 'login-refused',
  at: 1,
  address: '203.0.113.7',
  vhost: 'v'.repeat(300),
};

const NEVER = new AbortController().signal;

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it does not happen');
    await sleep(5);
  }
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
