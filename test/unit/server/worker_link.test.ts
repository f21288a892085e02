import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  LoginReply,
  OpenTunnelReply,
  OpenTunnelRequest,
  PrimaryToWorker,
  WorkerSettings,
  WorkerToPrimary,
} from '../../../core/ipc/messages.ts';
import { WorkerLink } from '../../../server/worker_link.ts';
import type { WorkerServices } from '../../../server/worker_link.ts';
import { inheritedFds } from '../../../server/workers.ts';
import { client } from '../core/session/fixture.ts';
import { LOGIN } from './auth/settings_fixture.ts';

test('a login is answered with the number that it came with', async () => {
  const { spawn } = build({ login: () => Promise.resolve(FAILED) });
  const worker = spawn();
  worker.link.handleMessage({ kind: 'login', id: 17, request: LOGIN });
  await tick();
  assert.deepEqual(worker.sent.at(-1), { kind: 'login-reply', id: 17, reply: FAILED });
});

test('the answer to a dead worker does not reach its successor', async () => {
  const answers: ((reply: LoginReply) => void)[] = [];
  const { spawn } = build({ login: () => new Promise((resolve) => answers.push(resolve)) });
  const first = spawn();
  first.link.handleMessage({ kind: 'login', id: 1, request: LOGIN });
  first.link.handleGone();
  const second = spawn();
  second.link.handleMessage({ kind: 'login', id: 1, request: LOGIN });
  answers[0]?.({ kind: 'complete', cookie: 'of somebody else', banner: '' });
  await tick();
  assert.deepEqual(kindsOf(second.sent), ['start']);
  answers[1]?.(FAILED);
  await tick();
  assert.deepEqual(kindsOf(second.sent), ['start', 'login-reply']);
});

test('a worker says whether it could live with new settings', async () => {
  const { link, spawn } = build({});
  const worker = spawn();
  const answers = [link.try(SETTINGS), link.try(SETTINGS)];
  const [first, second] = worker.sent.filter(({ kind }) => kind === 'try-settings');
  assert.ok(first?.kind === 'try-settings' && second?.kind === 'try-settings');
  const problem = 'tls.groups: no such group';
  worker.link.handleMessage({ kind: 'settings-tried', id: second.id, problem });
  worker.link.handleMessage({ kind: 'settings-tried', id: first.id, problem: null });
  assert.deepEqual(await Promise.all(answers), [null, `worker ${WORKER}: ${problem}`]);
});

test('a worker that dies over the question is no objection, one that is silent is', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { link, spawn } = build({});
  const first = spawn();
  first.link.handleReady();
  const dying = link.try(SETTINGS);
  first.link.handleGone();
  assert.equal(await dying, null);
  spawn().link.handleReady();
  const silent = link.try(SETTINGS);
  t.mock.timers.tick(5_000);
  assert.equal(await silent, `worker ${WORKER}: it does not answer`);
});

test('a worker with too many logins in flight is told "unavailable" at once', async () => {
  const { spawn } = build({ login: () => new Promise(() => undefined) });
  const worker = spawn();
  for (let id = 0; id < 4; id++) worker.link.handleMessage({ kind: 'login', id, request: LOGIN });
  await tick();
  const replies = worker.sent.filter((message) => message.kind === 'login-reply');
  assert.deepEqual(
    replies.map(({ id, reply }) => [id, reply.kind]),
    [
      [2, 'unavailable'],
      [3, 'unavailable'],
    ],
  );
});

test('tunnels are listed, and a worker that dies or sleeps is waited for no longer', async () => {
  const { link, spawn } = build({});
  assert.equal(await link.listTunnels(1000), undefined, 'no process');
  const worker = spawn();
  const answered = link.listTunnels(1000);
  const forgotten = link.listTunnels(5);
  worker.link.handleMessage({ kind: 'tunnels', id: 1, tunnels: [], forwardedPackets: 0 });
  assert.deepEqual(await answered, []);
  assert.equal(await forgotten, undefined, 'asleep');
  const orphaned = link.listTunnels(60_000);
  worker.link.handleGone();
  assert.equal(await orphaned, undefined, 'dead');
});

test('what a worker has forwarded still counts when it has been replaced', () => {
  const { link, spawn } = build({});
  const listing = (id: number, forwardedPackets: number): WorkerToPrimary => ({
    kind: 'tunnels',
    id,
    tunnels: [],
    forwardedPackets,
  });
  const first = spawn();
  first.link.handleMessage(listing(1, 5));
  first.link.handleMessage(listing(2, 7));
  assert.equal(link.forwardedPackets, 7);
  first.link.handleGone();
  spawn().link.handleMessage(listing(3, 1));
  assert.equal(link.forwardedPackets, 8);
});

test('each process hears all bans right after its start', () => {
  const { link, spawn } = build({}, ['203.0.113.7', '2001:db8::/64']);
  const bans = { kind: 'bans', add: ['203.0.113.7', '2001:db8::/64'], remove: [] } as const;
  const first = spawn();
  assert.deepEqual(first.sent.slice(1), [bans]);
  first.link.handleGone();
  const second = spawn();
  link.send({ kind: 'bans', add: [], remove: ['203.0.113.7'] });
  assert.deepEqual(kindsOf(first.sent), ['start', 'bans']);
  assert.deepEqual(kindsOf(second.sent), ['start', 'bans', 'bans']);
});

test('a CONNECT is answered at once or when its checks are done, and never to a successor', async () => {
  const answers: ((reply: OpenTunnelReply) => void)[] = [];
  const there: (() => boolean)[] = [];
  const refused: OpenTunnelReply = { kind: 'refused', status: 503, reason: 'no' };
  const { spawn } = build({
    openTunnel: (_worker, { tunnel }, isThere) => {
      there.push(isThere);
      return tunnel === 1 ? refused : new Promise((resolve) => answers.push(resolve));
    },
  });
  const first = spawn();
  for (const tunnel of [1, 2, 3]) {
    first.link.handleMessage({ kind: 'open-tunnel', id: tunnel, request: { ...OPEN, tunnel } });
  }
  assert.deepEqual(first.sent.slice(1), [{ kind: 'open-tunnel-reply', id: 1, reply: refused }]);
  answers.at(1)?.(refused);
  await tick();
  assert.deepEqual(first.sent.at(-1), { kind: 'open-tunnel-reply', id: 3, reply: refused });
  assert.equal(there.at(0)?.(), true);
  first.link.handleGone();
  const second = spawn();
  assert.equal(there.at(0)?.(), false);
  answers.forEach((answer) => answer(refused));
  await tick();
  assert.deepEqual(kindsOf(second.sent), ['start']);
});

test('whether a cookie is one of ours is answered to the worker that asks', () => {
  const { spawn } = build({ knowsCookie: (cookie) => cookie === 'good' });
  const worker = spawn();
  worker.link.handleMessage({ kind: 'check-cookie', id: 1, cookie: 'good' });
  worker.link.handleMessage({ kind: 'check-cookie', id: 2, cookie: 'bad' });
  assert.deepEqual(worker.sent.slice(1), [
    { kind: 'cookie-checked', id: 1, known: true },
    { kind: 'cookie-checked', id: 2, known: false },
  ]);
});

test('changes of end points are passed on with the number of their worker', () => {
  const heard: unknown[] = [];
  const { spawn } = build({
    endpointsChanged: (worker, { changes }) => heard.push([worker, ...changes]),
  });
  const change = { address: new Uint8Array(16), port: 5, owned: true };
  spawn().link.handleMessage({ kind: 'endpoints', changes: [change] });
  assert.deepEqual(heard, [[WORKER, change]]);
});

test('a calm packet thread is passed on with the number of its worker', () => {
  const heard: unknown[] = [];
  const { spawn } = build({
    packetsCalm: (worker, { thread }) => heard.push([worker, thread]),
  });
  spawn().link.handleMessage({ kind: 'packets-calm', thread: 77 });
  assert.deepEqual(heard, [[WORKER, 77]]);
});

test('the sessions hear of a worker’s death before its successor starts', () => {
  const gone: number[] = [];
  const { spawn } = build({ workerGone: (worker) => gone.push(worker) });
  spawn().link.handleGone();
  assert.deepEqual(gone, [WORKER]);
});

test('each worker inherits its own queue and sockets, and the outboxes of all', () => {
  const inside = {
    queues: [10, 11],
    owners: 30,
    mailboxes: [
      { inbox: 20, outbox: 21 },
      { inbox: 22, outbox: 23 },
    ],
  };
  const listeners = {
    workers: [
      { tcp: [40], udp: [41, 42] },
      { tcp: [50], udp: [51, 52] },
    ],
  };
  const { fds, numbers } = inheritedFds(1, { inside, listeners });
  assert.deepEqual(fds, [11, 50, 51, 52, 22, 21, 23, 30]);
  assert.deepEqual(numbers, {
    tun: 4,
    tcp: [5],
    udp: [6, 7],
    inbox: 8,
    outboxes: [9, 10],
    owners: 11,
  });
});

const WORKER = 3;
const FAILED: LoginReply = { kind: 'failed', reason: 'no' };
const OPEN: OpenTunnelRequest = {
  cookie: 'c',
  tunnel: 1,
  client,
  peer: { address: '192.0.2.1', port: 1 },
  localAddress: '198.51.100.1',
  wantsIpv6: true,
  tls: { version: 'TLSv1.3', cipher: '' },
};
const SETTINGS: WorkerSettings = {
  tls: [],
  proxy: { mode: 'off', trusted: [] },
  camouflage: { secret: '', realm: '' },
  udp: [],
  denyRoaming: false,
  dtlsLegacy: true,
  aesHardware: true,
  acceptRate: 0,
  authTimeoutMs: 1,
  cookieLifetimeMs: 1,
  extraHeaders: {},
  tunMtu: 1500,
  logLevel: 'silent',
};

function build(
  services: Partial<WorkerServices>,
  banned: readonly string[] = [],
): {
  link: WorkerLink;
  spawn: () => { link: ReturnType<WorkerLink['attach']>; sent: PrimaryToWorker[] };
} {
  const link = new WorkerLink(
    {
      services: {
        login: () => Promise.resolve(FAILED),
        openTunnel: () => ({ kind: 'refused', status: 401, reason: '' }),
        knowsCookie: () => false,
        profile: () => ({ kind: 'none' }),
        logout: () => undefined,
        tunnelOpened: () => undefined,
        tunnelClosed: () => undefined,
        endpointsChanged: () => undefined,
        packetsCalm: () => undefined,
        connectsFailed: () => undefined,
        workerGone: () => undefined,
        ...services,
      },
      startMessage: () => ({
        kind: 'start',
        worker: WORKER,
        workers: 4,
        settings: SETTINGS,
        offloads: { tun: 'none', udpGso: false, udpGro: false },
        fds: { tun: 4, tcp: [], udp: [], inbox: 5, outboxes: [], owners: 6 },
        user: null,
        sandbox: false,
        measure: false,
        primaryPid: 1,
      }),
      bannedSources: () => banned,
    },
    { worker: WORKER, maxLogins: 2 },
  );
  const spawn = (): { link: ReturnType<WorkerLink['attach']>; sent: PrimaryToWorker[] } => {
    const sent: PrimaryToWorker[] = [];
    const attached = link.attach((message) => sent.push(message));
    attached.handleSpawned();
    attached.handleReady();
    return { link: attached, sent };
  };
  return { link, spawn };
}

const kindsOf = (messages: PrimaryToWorker[]): string[] => messages.map(({ kind }) => kind);

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
