import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, CONNECT, COUNTERS, GRANT, SETTINGS, until } from './bench.ts';
import type { Answer, Bench } from './bench.ts';

test('a worker sets TLS before it accepts, and says when it does', async (t) => {
  const { engine, told } = await bench(t);
  assert.deepEqual(engine.calls, ['setTls', 'setAcceptRate 0 of 4', 'start']);
  assert.deepEqual(told, [{ kind: 'ready' }]);
});

test('an unusable certificate ends the start, and the engine with it', async (t) => {
  await assert.rejects(
    bench(t, {
      settings: {
        tls: SETTINGS.tls.map((host) => ({
          ...host,
          certificates: [{ chainPem: 'none', privateKeyPem: '' }],
        })),
      },
    }),
  );
});

test('the end of a tunnel goes to the primary with its counters', async (t) => {
  const made = await withTunnel(await bench(t, { answer: grant(null) }));
  const counters = { ...COUNTERS, rxBytes: 5 };
  made.engine.emit({ type: 'tunnel-closed', tunnel: 1, end: 'dpd-timeout', counters });
  assert.deepEqual(made.told.at(-1), {
    kind: 'tunnel-closed',
    session: 7,
    tunnel: 1,
    end: 'dpd-timeout',
    counters,
  });
});

test('where its clients send from goes to the primary as the engine says it', async (t) => {
  const { engine, told } = await bench(t);
  const changes = [{ address: new Uint8Array(16), port: 4000, owned: true }];
  engine.emit({ type: 'endpoints', changes });
  assert.deepEqual(told.at(-1), { kind: 'endpoints', changes });
});

test('that its packet thread is calm goes to the primary, which may make it urgent', async (t) => {
  const { engine, told } = await bench(t);
  engine.emit({ type: 'packets-calm', thread: 77 });
  assert.deepEqual(told.at(-1), { kind: 'packets-calm', thread: 77 });
});

test('bans go to the engine, and the proxy settings when it is made', async (t) => {
  const proxy = { mode: 'v2', trusted: ['192.0.2.0/24'] } as const;
  const { engine, engineOptions, worker } = await bench(t, { settings: { proxy } });
  assert.deepEqual(engineOptions.proxy, proxy);
  worker.handleMessage({ kind: 'bans', add: ['203.0.113.7'], remove: ['2001:db8::/64'] });
  assert.equal(engine.calls.at(-1), 'setBans +203.0.113.7 -2001:db8::/64');
});

test('handshakes that failed and refused cookies go to the primary once a second, by address', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { client, engine, told } = await bench(t, {
    answer: (message) =>
      message.kind === 'open-tunnel'
        ? {
            kind: 'open-tunnel-reply',
            id: message.id,
            reply: { kind: 'refused', status: 401, reason: 'expired' },
          }
        : undefined,
  });
  engine.emit({ type: 'failed-connects', counts: [['203.0.113.7', 2]] });
  engine.emit({
    type: 'failed-connects',
    counts: [
      ['203.0.113.7', 1],
      ['192.0.2.9', 1],
    ],
  });
  for (const request of [CONNECT, CONNECT.replace(/Cookie:.*\r\n/, '')]) {
    const refused = await client();
    refused.write(request);
    await until(() => refused.received.includes('401'));
  }
  assert.ok(!told.some(({ kind }) => kind === 'failed-connects'));
  t.mock.timers.tick(1000);
  assert.deepEqual(told.at(-1), {
    kind: 'failed-connects',
    counts: [
      ['203.0.113.7', 3],
      ['192.0.2.9', 3],
    ],
  });
  t.mock.timers.tick(1000);
  assert.equal(told.filter(({ kind }) => kind === 'failed-connects').length, 1);
});

test('a session that is over its time is closed within a second and its client told', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const made = await bench(t, { answer: grant(5000) });
  await withTunnel(made);
  made.setNow(4999);
  t.mock.timers.tick(1000);
  assert.ok(!made.engine.calls.some((call) => call.startsWith('closeTunnel')));
  made.setNow(5000);
  t.mock.timers.tick(1000);
  assert.ok(made.engine.calls.includes('closeTunnel 1 session-timeout told'));
});

test('the primary closes a tunnel with or without a word to the client', async (t) => {
  const { engine, worker } = await withTunnel(await bench(t, { answer: grant(null) }));
  worker.handleMessage({ kind: 'close-tunnel', tunnel: 1, end: 'admin', tellClient: true });
  worker.handleMessage({ kind: 'close-tunnel', tunnel: 1, end: 'replaced', tellClient: false });
  assert.deepEqual(engine.calls.slice(-2), [
    'closeTunnel 1 admin told',
    'closeTunnel 1 replaced silent',
  ]);
});

test('the list of tunnels shows what the engine sees', async (t) => {
  const { told, worker } = await withTunnel(await bench(t, { answer: grant(null) }));
  worker.handleMessage({ kind: 'list-tunnels', id: 9 });
  assert.deepEqual(told.at(-1), {
    kind: 'tunnels',
    id: 9,
    tunnels: [
      {
        ...COUNTERS,
        rxBytes: 1,
        tunnel: 1,
        session: 7,
        channel: 'dtls',
        tlsCipher: 'TLS_AES_256_GCM_SHA384',
        dtlsCipher: 'AES256-GCM',
        mtu: 1434,
      },
    ],
    forwardedPackets: 12,
  });
});

test('new settings that cannot be used leave the old ones in force', async (t) => {
  const { client, engine, worker } = await bench(t);
  engine.tlsError = new Error('key values mismatch');
  worker.handleMessage({
    kind: 'configure',
    settings: { ...SETTINGS, extraHeaders: { 'X-New': '1' } },
  });
  const page = 'GET /1/Linux HTTP/1.1\r\n\r\n';
  assert.match(await (await client()).ask(page), /X-Frame-Options/);
  engine.tlsError = undefined;
  worker.handleMessage({
    kind: 'configure',
    settings: { ...SETTINGS, extraHeaders: { 'X-New': '1' } },
  });
  assert.match(await (await client()).ask(page), /X-New: 1/);
});

test('settings are tried without being taken, and what is wrong with them is told', async (t) => {
  const { engine, told, worker } = await bench(t);
  const before = engine.calls.filter((call) => call === 'setTls').length;
  worker.handleMessage({ kind: 'try-settings', id: 1, settings: SETTINGS });
  engine.tlsError = new Error('tls.groups: no such group');
  worker.handleMessage({ kind: 'try-settings', id: 2, settings: SETTINGS });
  assert.deepEqual(
    told.filter(({ kind }) => kind === 'settings-tried'),
    [
      { kind: 'settings-tried', id: 1, problem: null },
      { kind: 'settings-tried', id: 2, problem: 'tls.groups: no such group' },
    ],
  );
  assert.equal(engine.calls.filter((call) => call === 'setTls').length, before);
});

test('a shutdown waits for the last tunnel to close, then exits', async (t) => {
  const { client, engine, exits, worker } = await withTunnel(
    await bench(t, { answer: grant(null) }),
  );
  const reading = await client();
  worker.handleMessage({ kind: 'shutdown', tellClients: true });
  assert.ok(engine.calls.includes('closeTunnel 1 shutdown told'));
  await until(() => reading.inner.destroyed);
  assert.deepEqual(exits, []);
  engine.emit({ type: 'tunnel-closed', tunnel: 1, end: 'shutdown', counters: COUNTERS });
  assert.deepEqual(exits, [0]);
  assert.equal(engine.calls.at(-1), 'close');
});

test('a shutdown without tunnels exits at once', async (t) => {
  const { exits, worker } = await bench(t);
  worker.handleMessage({ kind: 'shutdown', tellClients: false });
  assert.deepEqual(exits, [0]);
});

const grant =
  (sessionEndsAt: number | null): Answer =>
  (message) =>
    message.kind === 'open-tunnel'
      ? {
          kind: 'open-tunnel-reply',
          id: message.id,
          reply: { kind: 'granted', grant: { ...GRANT, sessionEndsAt } },
        }
      : undefined;

/** One tunnel that is up. */
async function withTunnel(made: Bench): Promise<Bench> {
  const client = await made.client();
  client.write(CONNECT);
  await until(() => made.engine.calls.includes('hold 1'));
  made.engine.emit({ type: 'held', connection: 1, passedBytes: client.sentBytes });
  await until(() => made.engine.opened.length === 1);
  made.engine.emit({ type: 'tunnel-opened', tunnel: 1 });
  return made;
}
