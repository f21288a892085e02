import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminCommand, AdminSession, AdminStatus } from '../../../core/ipc/admin.ts';
import { encodeAdminRequest, parseAdminRequest } from '../../../core/ipc/admin_request.ts';
import type { ReloadPlan } from '../../../core/ipc/reload_plan.ts';
import type { TunnelStatus } from '../../../core/ipc/messages.ts';
import type { SessionView } from '../../../core/session/view.ts';
import { Admin } from '../../../server/admin.ts';
import type { AdminComponents } from '../../../server/admin.ts';
import type { LiveTunnels } from '../../../server/session_listing.ts';
import { Statistics } from '../../../server/statistics.ts';

test('users are the connected ones, sessions are all', async () => {
  const admin = build();
  assert.deepEqual(idsOf(await admin.answer({ command: 'users' })), [1]);
  assert.deepEqual(idsOf(await admin.answer({ command: 'sessions' })), [1, 2]);
});

test('a listing is made from what the workers say at that moment', async () => {
  let heard: LiveTunnels | undefined;
  const live = new Map([[0, [TUNNEL]]]);
  const admin = build({
    listTunnels: () => Promise.resolve(live),
    sessions: { ...sessions, find: (_selector, tunnels) => ((heard = tunnels), [CONNECTED]) },
  });
  await admin.answer({ command: 'user', name: 'alice' });
  assert.equal(heard, live);
});

test('the server’s own address is told in the families that the session has', async () => {
  const answer = await build().answer({ command: 'id', session: 1 });
  assert.ok(answer.ok);
  const [session] = answer.result as readonly AdminSession[];
  assert.deepEqual([session?.local4, session?.local6], ['10.77.0.1', null]);
});

test('nobody is not found', async () => {
  const admin = build({ sessions: { ...sessions, find: () => [], terminate: () => 0 } });
  for (const command of [
    { command: 'user', name: 'eve' },
    { command: 'id', session: 99 },
    { command: 'terminate', target: { user: 'eve' } },
  ] as const) {
    const answer = await admin.answer(command);
    assert.ok(!answer.ok && answer.code === 'NOT_FOUND' && /eve|99/.test(answer.message));
  }
});

test('a public id ends one session, and none when it fits several', async () => {
  const ended: unknown[] = [];
  const admin = build({
    sessions: {
      ...sessions,
      find: (selector) =>
        'session' in selector && selector.session === 'X' ? [CONNECTED, CONNECTED] : [CONNECTED],
      terminate: (selector) => ended.push(selector),
    },
  });
  const target = { session: 'Xq3v+a' };
  assert.deepEqual(await admin.answer({ command: 'terminate', target }), {
    ok: true,
    result: { sessions: 1 },
  });
  assert.deepEqual(ended, [target]);
  const answer = await admin.answer({ command: 'terminate', target: { session: 'X' } });
  assert.ok(!answer.ok && answer.code === 'REFUSED' && /2 sessions/.test(answer.message));
  assert.equal(ended.length, 1);
});

test('valid sessions are those whose cookie is good now', async () => {
  const waiting = { ...CONNECTED, state: 'waiting' as const };
  const list = (): SessionView[] => [
    CONNECTED,
    { ...waiting, id: 2, expiresAt: 5001 },
    { ...waiting, id: 3, expiresAt: 5000 },
  ];
  const admin = build({ sessions: { ...sessions, list } });
  assert.deepEqual(idsOf(await admin.answer({ command: 'sessions', valid: true })), [1, 2]);
  assert.deepEqual(idsOf(await admin.answer({ command: 'sessions' })), [1, 2, 3]);
});

test('an unban says what it did, that nothing was known, or that this is no address', async () => {
  const unban = (address: string): ReturnType<Admin['answer']> =>
    build().answer({ command: 'unban', address });
  assert.deepEqual(await unban('203.0.113.7'), { ok: true, result: { source: '203.0.113.7' } });
  assert.deepEqual(await unban('203.0.113.8'), {
    ok: false,
    code: 'NOT_FOUND',
    message: '203.0.113.8 is not banned and has no points',
  });
  const invalid = await unban('nonsense');
  assert.ok(!invalid.ok && invalid.code === 'BAD_REQUEST');
});

test('the status adds the traffic of open tunnels to that of closed ones', async () => {
  const statistics = new Statistics();
  statistics.tunnelOpened();
  statistics.tunnelClosed('idle-timeout', { ...TUNNEL, rxBytes: 100, txBytes: 5 }, 4000);
  statistics.tunnelClosed('lost', { ...TUNNEL, rxBytes: 0, txBytes: 0 }, 2000);
  const admin = build({ statistics, listTunnels: () => Promise.resolve(new Map([[0, [TUNNEL]]])) });
  const answer = await admin.answer({ command: 'status' });
  assert.ok(answer.ok);
  const status = answer.result as AdminStatus;
  assert.deepEqual([status.connected, status.sessions, status.workerPids], [1, 2, [11, null]]);
  assert.equal(status.forwardedPackets, 12);
  assert.equal(status.statistics.rxBytes, 100 + TUNNEL.rxBytes);
  assert.equal(status.statistics.idledOut, 1);
  assert.equal(status.statistics.averageTunnelMs, 3000);
  assert.equal(status.statistics.longestTunnelMs, 4000);
  assert.equal(status.statistics.closedTunnels, 2);
  assert.deepEqual(status.statistics.mtu, { min: 1400, max: 1400 });
});

test('a wrong password counts as a failed login, the form before it does not', () => {
  const statistics = new Statistics();
  const form = { message: '', error: null, inputs: [], groups: [], urlGroup: null };
  statistics.loginAnswered({ kind: 'form', dialogue: 'd', form }, false);
  statistics.loginAnswered({ kind: 'form', dialogue: 'd', form }, true);
  statistics.loginAnswered({ kind: 'failed', reason: 'three times' }, true);
  statistics.loginAnswered({ kind: 'failed', reason: 'too late' }, false);
  statistics.loginAnswered({ kind: 'unavailable', reason: 'down' }, false);
  statistics.loginAnswered({ kind: 'complete', cookie: 'c', banner: '' }, false);
  const { logins, failedLogins } = statistics.read({ rxBytes: 0, txBytes: 0 });
  assert.deepEqual([logins, failedLogins], [1, 2]);
});

test('a reload that is refused says why', async () => {
  const refused = { ...PLAN, refusals: ['a restart is needed for a.b', 'c is wrong'] };
  const reloader = {
    reload: () => Promise.resolve(refused),
    plan: () => Promise.resolve(refused),
  };
  const admin = build({ reloader });
  assert.deepEqual(await admin.answer({ command: 'reload' }), {
    ok: false,
    code: 'REFUSED',
    message: 'a restart is needed for a.b\nc is wrong',
  });
  // Who only asks gets the whole plan.
  assert.deepEqual(await admin.answer({ command: 'reload', dryRun: true }), {
    ok: true,
    result: { ...refused, dryRun: true, changed: [] },
  });
});

test('a drain goes by limits.drain unless it names a limit, and not while the server stops', async () => {
  const begun: unknown[] = [];
  const drain = { begin: (limit: unknown) => void begun.push(limit), cancel: () => false };
  const admin = build({ drain, drainLimit: () => 60_000 });
  assert.deepEqual(await admin.answer({ command: 'drain' }), {
    ok: true,
    result: { state: 'ready', until: null, sessions: 2 },
  });
  await admin.answer({ command: 'drain', limit: 1000 });
  await build({ drain }).answer({ command: 'drain' });
  assert.deepEqual(begun, [60_000, 1000, null]);
  const off = await admin.answer({ command: 'drain', off: true });
  assert.ok(!off.ok && off.code === 'REFUSED');
  const readiness = { state: 'stopping', drainsUntil: null } as const;
  const stopping = await build({ readiness, drain }).answer({ command: 'drain' });
  assert.ok(!stopping.ok && stopping.message === 'the server is stopping');
});

test('the answer to "stop" is given before the server stops', async () => {
  const order: string[] = [];
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      order.push('stopping');
      resolve();
    };
    const admin = build({ stop });
    void admin.answer({ command: 'stop' }).then(() => order.push('answered'));
  });
  await stopped;
  assert.deepEqual(order, ['answered', 'stopping']);
});

test('a quota begins anew for a user who has used something, and for no other', async () => {
  const admin = build();
  assert.deepEqual(await admin.answer({ command: 'quota-reset', user: 'alice' }), {
    ok: true,
    result: { user: 'alice' },
  });
  const answer = await admin.answer({ command: 'quota-reset', user: 'bob' });
  assert.equal(!answer.ok && answer.code, 'NOT_FOUND');
});

test('every command survives its encoding', () => {
  const commands: AdminCommand[] = [
    { command: 'status' },
    { command: 'users' },
    { command: 'user', name: 'a "b"\n' },
    { command: 'id', session: 4 },
    { command: 'sessions' },
    { command: 'sessions', valid: true },
    { command: 'session', sid: 'Xq3v+a' },
    { command: 'events' },
    { command: 'events', logins: true },
    { command: 'disconnect', target: { user: 'x' } },
    { command: 'disconnect', target: { session: 'Xq3v+a' } },
    { command: 'terminate', target: { id: 4 } },
    { command: 'quota-reset', user: 'x' },
    { command: 'reload' },
    { command: 'stop' },
  ];
  for (const request of commands) {
    const line = encodeAdminRequest(3, request);
    assert.equal(line.indexOf('\n'), line.length - 1);
    assert.deepEqual(parseAdminRequest(line), { kind: 'request', id: 3, request });
  }
});

test('what is no command is refused with a reason and its id', () => {
  for (const [line, id] of [
    ['', 0],
    ['[]', 0],
    ['null', 0],
    ['{"id":5}', 5],
    ['{"id":5,"command":"user"}', 5],
    ['{"id":5,"command":"id","session":"1"}', 5],
    ['{"id":5,"command":"id","session":1.5}', 5],
    ['{"id":5,"command":"terminate","target":{}}', 5],
    ['{"id":5,"command":"__proto__"}', 5],
  ] as const) {
    const parsed = parseAdminRequest(line);
    assert.ok(parsed.kind === 'bad' && parsed.id === id && parsed.reason !== '', line);
  }
});

const TUNNEL: TunnelStatus = {
  tunnel: 3,
  session: 1,
  channel: 'tls',
  tlsCipher: '',
  dtlsCipher: '',
  mtu: 1400,
  rxBytes: 1000,
  rxPackets: 1,
  txBytes: 2000,
  txPackets: 2,
  spoofedPackets: 0,
  droppedPackets: 0,
  deniedPackets: 0,
};

const CONNECTED: SessionView = {
  id: 1,
  publicId: 'Xq3v+aUm8Y0wZ5kTj2nR1bPcE4o=',
  vhost: '',
  user: 'alice',
  group: '',
  groups: [],
  state: 'connected',
  address4: '10.77.0.42',
  address6: null,
  peer: { address: '198.51.100.7', port: 1 },
  outsideAddress: '',
  device: 'wolf0',
  loginAt: 0,
  since: 0,
  expiresAt: null,
  endsAt: null,
  quota: null,
  userAgent: '',
  hostname: '',
  platform: '',
  mobile: false,
  counters: TUNNEL,
  connection: null,
  pushed: {
    dns: [],
    nbns: [],
    splitDns: [],
    routes: [],
    routeCount: 0,
    noRoutes: [],
    noRouteCount: 0,
    iroutes: [],
    dpdMs: 0,
    keepaliveMs: 0,
  },
  rules: { enforceRoutes: false, allow: [], deny: [], clientToClient: true },
  limits: { rxBitsPerSecond: null, txBitsPerSecond: null },
};

const sessions: AdminComponents['sessions'] = {
  size: 2,
  connected: 1,
  list: () => [CONNECTED, { ...CONNECTED, id: 2, state: 'waiting' }],
  find: () => [CONNECTED],
  disconnect: () => 1,
  terminate: () => 1,
};

const bans: AdminComponents['bans'] = {
  size: 1,
  banned: () => [{ source: '203.0.113.7', score: 80, since: 1, endsAt: 2 }],
  points: () => [{ source: '203.0.113.7', score: 80, at: 1, banned: true }],
  unban: (text) =>
    text === 'nonsense'
      ? 'invalid'
      : { kind: text === '203.0.113.7' ? 'done' : 'unknown', source: text },
};

const PLAN: ReloadPlan = {
  changes: [],
  certificates: [],
  files: [],
  sessions: { connected: 0, other: 0 },
  warnings: [],
  refusals: [],
};

const build = (changes: Partial<AdminComponents> = {}): Admin =>
  new Admin(
    {
      sessions,
      bans,
      quotas: { reset: (user) => user === 'alice' },
      statistics: new Statistics(),
      listTunnels: () => Promise.resolve(new Map()),
      forwardedPackets: () => 12,
      processes: () => ({ authPid: 10, workerPids: [11, null] }),
      readiness: { state: 'ready', drainsUntil: null },
      drain: { begin: () => undefined, cancel: () => false },
      drainLimit: () => 0,
      reloader: { reload: () => Promise.resolve(PLAN), plan: () => Promise.resolve(PLAN) },
      stop: () => undefined,
      now: () => 5000,
      ...changes,
    },
    { version: '0.1.0', startedAt: 1000, localAddressFor: (address) => address && '10.77.0.1' },
  );

function idsOf(answer: Awaited<ReturnType<Admin['answer']>>): number[] {
  assert.ok(answer.ok);
  return (answer.result as readonly AdminSession[]).map(({ id }) => id);
}
