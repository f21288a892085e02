import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentOf } from '../unit/cli/schema.ts';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { CommandResult } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { Program } from './harness/program.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 90_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);
let alice: Client;
let bob: Client;
/** Reads from before the first client to after the last. */
let events: Program;

const WOLFCTL = fileURLToPath(new URL('../../cli/wolfctl.ts', import.meta.url));

interface UserRecord {
  readonly ID: number;
  readonly Username: string;
  readonly State: string;
  readonly IPv4: string;
  readonly IPv6: string;
  readonly 'Remote IP': string;
}

test('show status tells of the server and its sessions', options, async () => {
  events = new Program(process.execPath, [
    ...[WOLFCTL, '--socket', server.socket],
    ...['show', 'events', '--json', '--debug'],
  ]);
  lab.onClose(() => events.stop());
  await events.waitFor(/"listening"/, 20_000);
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

test('every listing is one document as its schema says, called as occtl, too', options, () => {
  const [user] = json('show', 'user', 'alice') as Record<string, unknown>[];
  const sid = String(user?.['Session']);
  for (const [schema, ...command] of [
    ['status', 'show status'],
    ['users', 'show users'],
    ['users', 'show user alice'],
    ['users', `show id ${String(user?.['ID'])}`],
    ['sessions', 'show sessions all'],
    ['sessions', 'show sessions valid'],
    ['sessions', `show session ${sid}`],
    ['iroutes', 'show iroutes'],
    ['bans', 'show ip bans'],
    ['points', 'show ip ban points'],
  ] as const) {
    const { code, stdout, stderr } = occtl('-j', '-n', ...command);
    assert.deepEqual([code, stderr], [0, ''], command.join(' '));
    const document = documentOf(schema, stdout);
    if (schema === 'users') assert.ok(JSON.stringify(document).includes(sid));
  }
  assert.match(
    occtl('show', 'users').stdout,
    /^ +id +user +vhost .*\n.* alice +default +198\.51\.100\.2 /,
  );
  assert.match(
    occtl('show', 'session', sid).stdout,
    new RegExp(`^\\tSession: ${sid.replaceAll('+', '\\+')}`),
  );
  assert.deepEqual([occtl('show user carol').code, occtl('disconnect user carol').code], [2, 1]);
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

test('terminate works by the public id, too', options, async () => {
  const { publicId } = await server.sessionOf('alice');
  assert.deepEqual(json('terminate', 'session', publicId.slice(0, 6)), { sessions: 1 });
  await alice.program.waitForExit(10_000);
  assert.deepEqual(json('show', 'users'), []);
});

test('events tell of who came and went, and why', options, async () => {
  const { output } = events;
  const heard = output
    .trimEnd()
    .split('\n')
    .map((line) => documentOf('event', line) as Record<string, unknown>);
  const of = (user: string): unknown[] =>
    heard.filter((event) => event['Username'] === user).map((event) => event['Event']);
  assert.deepEqual(of('bob'), ['connected', 'disconnected']);
  assert.deepEqual(of('alice'), ['connected', 'disconnected', 'connected', 'disconnected']);
  assert.equal(
    heard.find((event) => event['Event'] === 'disconnected')?.['Reason'],
    'server disconnected',
  );
  events.signal('SIGINT');
  assert.deepEqual(await events.waitForExit(10_000), { code: 0, signal: null });
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

/** By a link of that name. */
function occtl(...args: string[]): CommandResult {
  const link = lab.file('occtl');
  if (!existsSync(link)) symlinkSync(WOLFCTL, link);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [link, '-s', server.socket, ...args],
    { encoding: 'utf8', timeout: 20_000 },
  );
  return { code: status, stdout, stderr };
}

function json(...args: string[]): unknown {
  return JSON.parse(text('--json', ...args));
}
