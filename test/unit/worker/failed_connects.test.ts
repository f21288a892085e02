import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LoginReply, OpenTunnelReply, WorkerToPrimary } from '../../../core/ipc/messages.ts';
import { FailedConnects } from '../../../worker/failed_connects.ts';
import { bench, CONNECT, get, GRANT, post, until } from './bench.ts';
import type { Answer, Bench } from './bench.ts';

const FORM: LoginReply = {
  kind: 'form',
  dialogue: null,
  form: { message: 'Hi', error: null, inputs: [], groups: [], urlGroup: null },
};
const INIT = '<config-auth client="vpn" type="init"></config-auth>';

test('counts of a second are told together, and nothing where there is nothing', () => {
  const told: WorkerToPrimary[] = [];
  const tell = (message: WorkerToPrimary): boolean => told.push(message) > 0;
  const failures = new FailedConnects({ channel: { tell } });
  failures.report();
  failures.note('203.0.113.7');
  failures.note('203.0.113.7', 3);
  failures.note('2001:db8::1');
  failures.report();
  failures.report();
  const counts = [
    ['203.0.113.7', 4],
    ['2001:db8::1', 1],
  ];
  assert.deepEqual(told, [{ kind: 'failed-connects', counts }]);
});

const CASES: readonly {
  readonly what: string;
  readonly requests: readonly string[];
  readonly counts: boolean;
  readonly login?: LoginReply;
  readonly open?: OpenTunnelReply;
}[] = [
  { what: 'that says nothing', requests: [], counts: true },
  { what: 'that looks at the form and goes', requests: [post('/', INIT)], counts: true },
  { what: 'of somebody who looks for other things', requests: [get('/admin')], counts: true },
  {
    what: 'with a wrong password, which has its own price,',
    requests: [post('/auth', 'username=a&password=b')],
    counts: false,
  },
  {
    what: 'whose login is complete',
    requests: [post('/', INIT)],
    login: { kind: 'complete', cookie: 'c', banner: '' },
    counts: false,
  },
  {
    what: 'while a backend is down',
    requests: [post('/', INIT)],
    login: { kind: 'unavailable', reason: 'later' },
    counts: false,
  },
  {
    what: 'of a downloader with a cookie',
    requests: [get('/1/Linux', 'Cookie: webvpn=abc\r\n')],
    counts: false,
  },
  {
    what: 'with a CONNECT that has no cookie',
    requests: [CONNECT.replace(/Cookie.*\r\n/, '')],
    counts: true,
  },
  {
    what: 'with a CONNECT whose cookie is bad',
    requests: [CONNECT],
    open: { kind: 'refused', status: 401, reason: 'over' },
    counts: true,
  },
  {
    what: 'with a CONNECT for which there is no address',
    requests: [CONNECT],
    open: { kind: 'refused', status: 503, reason: 'full' },
    counts: false,
  },
];

for (const { what, requests, counts, login = FORM, open } of CASES) {
  test(` connection ${what} ${counts ? 'counts' : 'does not count'} as failed`, async (t) => {
    const { client, told } = await counting(t, login, open);
    const made = await client();
    for (const request of requests) await made.ask(request);
    made.close();
    await until(() => made.inner.destroyed);
    await new Promise(setImmediate);
    t.mock.timers.tick(1000);
    const failed = told.filter(({ kind }) => kind === 'failed-connects');
    const once = [{ kind: 'failed-connects', counts: [['192.0.2.9', 1]] }];
    assert.deepEqual(failed, counts ? once : []);
  });
}

test('a connection with a tunnel does not count as failed', async (t) => {
  const made = await counting(t, FORM, { kind: 'granted', grant: GRANT });
  const client = await made.client();
  client.write(CONNECT);
  await until(() => made.engine.calls.includes('hold 1'));
  made.engine.emit({ type: 'held', connection: 1, passedBytes: client.sentBytes });
  await until(() => made.engine.calls.includes('openTunnel 1'));
  made.engine.emit({ type: 'tunnel-opened', tunnel: 1 });
  await until(() => client.inner.destroyed);
  await new Promise(setImmediate);
  t.mock.timers.tick(1000);
  assert.ok(!made.told.some(({ kind }) => kind === 'failed-connects'));
});

test('a banned peer is cut before it can speak', async (t) => {
  const { worker, engine, client } = await bench(t);
  worker.handleMessage({ kind: 'bans', add: ['192.0.2.9'], remove: [] });
  assert.ok(engine.calls.includes('setBans +192.0.2.9 -'));
  const banned = await client();
  await until(() => banned.ended);
  assert.ok(banned.inner.destroyed);
  worker.handleMessage({ kind: 'bans', add: [], remove: ['192.0.2.9'] });
  assert.match(await (await client()).ask(get('/1/Linux')), /^HTTP\/1.1 200 /);
});

test('a ban cuts the connections that are open, but lets the last answer through', async (t) => {
  const answers: (() => void)[] = [];
  const made = await bench(t, {
    answer: (message) => {
      if (message.kind === 'login') {
        const { id } = message;
        answers.push(() => made.worker.handleMessage({ kind: 'login-reply', id, reply: FORM }));
      }
      return undefined;
    },
  });
  const idle = await made.client();
  const busy = await made.client();
  assert.match(await idle.ask(get('/1/Linux')), /Connection: keep-alive/);
  busy.write(post('/', INIT));
  await until(() => answers.length === 1);
  made.worker.handleMessage({ kind: 'bans', add: ['192.0.2.9'], remove: [] });
  await until(() => idle.ended);
  answers[0]?.();
  await until(() => busy.ended);
  assert.match(busy.received, /^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n/);
});

/** A bench whose seconds pass when the test says so. */
function counting(
  t: TestContext,
  login: LoginReply,
  open: OpenTunnelReply = { kind: 'refused', status: 401, reason: '' },
): Promise<Bench> {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const answer: Answer = (message) => {
    if (message.kind === 'login') return { kind: 'login-reply', id: message.id, reply: login };
    if (message.kind === 'open-tunnel')
      return { kind: 'open-tunnel-reply', id: message.id, reply: open };
    return undefined;
  };
  return bench(t, { answer });
}
