import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 90_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);
let alice: Client;
let bob: Client;

interface UserRecord {
  readonly ID: number;
  readonly Username: string;
  readonly State: string;
  readonly IPv4: string;
  readonly IPv6: string;
  readonly 'Remote IP': string;
}

test('show status tells of the server and its sessions', options, async () => {
  alice = await Client.connect(lab, { account: ALICE, device: 'tun0' });
  bob = await Client.connect(lab, { account: BOB, device: 'tun1', bare: true, dtls: false });
  const status = json('show', 'status') as Record<string, unknown>;
  assert.equal(status['Server PID'], server.program.pid);
  assert.equal(status['Active sessions'], 2);
  assert.match(text('show', 'status'), new RegExp(`${server.program.pid}`));
});

test('show users lists who is connected', options, () => {
  const users = json('show', 'users') as UserRecord[];
  assert.deepEqual(users.map((user) => user.Username).sort(), ['alice', 'bob']);
  const record = users.find((user) => user.Username === 'alice');
  assert.equal(record?.IPv4, alice.ipv4);
  assert.equal(record.IPv6, alice.ipv6);
  assert.equal(record['Remote IP'], '198.51.100.2');
  assert.match(text('show', 'users'), /alice[^]*bob|bob[^]*alice/);
});

test('show user and show id tell all about one', options, () => {
  const [user] = json('show', 'user', 'bob') as UserRecord[];
  assert.equal(user?.Username, 'bob');
  const [same] = json('show', 'id', String(user.ID)) as UserRecord[];
  assert.equal(same?.IPv4, bob.ipv4);
  assert.match(text('show', 'user', 'bob'), new RegExp(bob.ipv4.replaceAll('.', '\\.')));
  assert.match(text('show', 'id', String(user.ID)), /bob/);
});

test('a name that nobody bears is an error with a sentence', options, () => {
  const { code, stderr } = server.wolfctl('disconnect', 'user', 'carol');
  assert.equal(code, 1);
  assert.match(stderr, /carol/);
});

test(
  'disconnect drops the tunnel, and the client comes back with its address',
  options,
  async () => {
    const address = alice.ipv4;
    const before = await server.sessionOf('alice');
    text('disconnect', 'user', 'alice');
    await eventually('alice is back', 25_000, async () => {
      const session = await server.sessionOf('alice');
      return session.state === 'connected' && session.since > before.since;
    });
    const session = await server.sessionOf('alice');
    assert.deepEqual([session.id, session.address4], [before.id, address]);
    await reachable(lab.client, server.inside4);
    assert.ok(alice.program.running);
  },
);

test('terminate by id ends the session, and the client leaves', options, async () => {
  const { id } = await server.sessionOf('bob');
  text('terminate', 'id', String(id));
  await bob.program.waitForExit(10_000);
  assert.deepEqual(
    (await server.ask<'sessions'>({ command: 'sessions' })).map((session) => session.user),
    ['alice'],
  );
});

test('terminate works by name, too', options, async () => {
  assert.deepEqual(json('terminate', 'user', 'alice'), { sessions: 1 });
  await alice.program.waitForExit(10_000);
  assert.deepEqual(json('show', 'users'), []);
});

test('stop now stops the server and removes everything', options, async () => {
  const exit = await server.end(() => text('stop', 'now'));
  assert.deepEqual(exit, { code: 0, signal: null });
  const { code, stderr } = server.wolfctl('show', 'status');
  assert.equal(code, 1);
  assert.match(stderr, /./);
});

function text(...args: string[]): string {
  const { code, stdout, stderr } = server.wolfctl(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

function json(...args: string[]): unknown {
  return JSON.parse(text('--json', ...args));
}
