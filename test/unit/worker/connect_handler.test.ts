import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenTunnelReply, PrimaryToWorker } from '../../../core/ipc/messages.ts';
import type { Cidr } from '../../../core/net/address.ts';
import type { TunnelParams } from '../../../native/engine.ts';
import { bench, CONNECT, COUNTERS, get, GRANT, until } from './bench.ts';
import type { Answer, Bench, Client, FakeEngine } from './bench.ts';

test('a good cookie becomes a tunnel, step by step', async (t) => {
  const { client, engine, told } = await bench(t, { answer: replyWith(GRANTED) });
  const connecting = await client();
  connecting.write(CONNECT);
  await until(() => engine.calls.includes('hold 1'));
  assert.deepEqual(told[1], {
    kind: 'open-tunnel',
    id: 1,
    request: {
      cookie: 'secret',
      tunnel: 1,
      client: {
        userAgent: 'Open AnyConnect VPN Agent v9.01',
        kind: 'openconnect',
        mobile: false,
        hostname: '',
        platform: '',
        deviceType: '',
      },
      peer: { address: '192.0.2.9', port: 40_001 },
      localAddress: '192.0.2.1',
      wantsIpv6: true,
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    },
  });
  assert.equal(engine.opened.length, 0);
  engine.emit({ type: 'held', connection: 1, passedBytes: connecting.sentBytes });
  await until(() => engine.opened.length === 1);
  const { answer, ...rest } = openedBy(engine);
  assert.match(answer, /^HTTP\/1.1 200 CONNECTED\r\n[^]*X-CSTP-MTU: 1434\r\n\r\n$/);
  assert.match(answer, /\r\nX-DTLS-App-ID: 03(ee){31}\r\n/);
  assert.deepEqual(rest, {
    connection: 1,
    early: Buffer.alloc(0),
    inside4: Uint8Array.of(10, 77, 0, 10),
    inside6: new Uint8Array(0),
    inside6Prefix: 128,
    mtu: 1434,
    appId: Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 3 : 0xee)),
    masterSecret: new Uint8Array(0),
    dtlsSuite: 0,
    dpdMs: 90_000,
    keepaliveMs: 18_000_000,
    idleTimeoutMs: 0,
    switchToTcpMs: 25_000,
    rxLimit: 0,
    txLimit: 0,
    networks: new Uint8Array(0),
    tlsCompression: '',
    dtlsCompression: '',
    dscp: 0,
    denyRoaming: false,
    rekeyMs: 172_825_000,
    keyUpdateMs: 0,
    acl: 0,
    isolated: false,
  });
  assert.equal(connecting.received, '', 'the engine writes the answer, not node:http');
});

test('networks behind the client are the engine’s in the families that the tunnel has', async (t) => {
  const iroutes: Cidr[] = [
    { address: { family: 4, value: 0xc0a82800n }, prefix: 24 },
    { address: { family: 6, value: 0xfd01n << 112n }, prefix: 48 },
  ];
  const grant = { ...GRANT, policy: { ...GRANT.policy, iroutes } };
  const made = await bench(t, { answer: replyWith({ kind: 'granted', grant }) });
  await open(made);
  assert.deepEqual(
    [...openedBy(made.engine).networks],
    [...Array<number>(10).fill(0), 0xff, 0xff, 192, 168, 40, 0, 96 + 24],
  );
});

test('limits of a policy are bits, those of the engine bytes', async (t) => {
  const policy = { ...GRANT.policy, rx_limit: 1_000_000, tx_limit: 3 };
  const reply: OpenTunnelReply = { kind: 'granted', grant: { ...GRANT, policy } };
  const made = await bench(t, { answer: replyWith(reply) });
  await open(made);
  const { rxLimit, txLimit } = openedBy(made.engine);
  assert.deepEqual([rxLimit, txLimit], [125_000, 1]);
});

test('the mark and what was agreed on about compression reach the engine and the client', async (t) => {
  const policy = { ...GRANT.policy, dscp: 46, compression: true };
  const reply: OpenTunnelReply = { kind: 'granted', grant: { ...GRANT, policy } };
  const made = await bench(t, { answer: replyWith(reply), settings: { denyRoaming: true } });
  const offer = 'X-CSTP-Accept-Encoding: lzs\r\nX-DTLS-Accept-Encoding: oc-lz4,lzs\r\n\r\n';
  await open(made, CONNECT.replace(/\r\n\r\n$/, `\r\n${offer}`));
  const { answer, tlsCompression, dtlsCompression, dscp, denyRoaming } = openedBy(made.engine);
  assert.deepEqual([tlsCompression, dtlsCompression, dscp], ['lzs', 'oc-lz4', 46]);
  assert.ok(denyRoaming);
  assert.match(answer, /\r\nX-CSTP-Content-Encoding: lzs\r\n/);
  assert.match(answer, /\r\nX-DTLS-Content-Encoding: oc-lz4\r\n/);
});

test('the socket lives until the engine says "opened" (trap 5)', async (t) => {
  const made = await bench(t, { answer: replyWith(GRANTED) });
  const connecting = await open(made);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(!connecting.inner.destroyed);
  made.engine.emit({ type: 'tunnel-opened', tunnel: 1 });
  assert.ok(connecting.inner.destroyed);
  assert.deepEqual(made.told.at(-1), { kind: 'tunnel-opened', session: 7, tunnel: 1 });
});

for (const [what, split] of [
  ['in one read with CONNECT', 0],
  ['in a read of their own', 1],
] as const)
  test(`frames sent behind CONNECT ${what} are handed on, all of them (trap 7)`, async (t) => {
    const { client, engine } = await bench(t, { answer: replyWith(GRANTED) });
    const hasty = await client();
    const frames = Buffer.alloc(100_000, 'STF');
    if (split === 0) hasty.write(Buffer.concat([Buffer.from(CONNECT), frames]));
    else hasty.write(CONNECT);
    await until(() => engine.calls.includes('hold 1'));
    if (split === 1) hasty.write(frames);
    engine.emit({ type: 'held', connection: 1, passedBytes: hasty.sentBytes });
    await until(() => engine.opened.length === 1);
    assert.ok(frames.equals(openedBy(engine).early));
  });

test('bytes of earlier requests on the connection do not count as early ones', async (t) => {
  const { client, engine } = await bench(t, { answer: replyWith(GRANTED) });
  const reusing = await client();
  await reusing.ask(get('/1/Linux'));
  reusing.write(`${CONNECT}abc`);
  await until(() => engine.calls.includes('hold 1'));
  engine.emit({ type: 'held', connection: 1, passedBytes: reusing.sentBytes });
  await until(() => engine.opened.length === 1);
  assert.equal(Buffer.from(openedBy(engine).early).toString(), 'abc');
});

test('a tunnel is opened only when earlier output has left the socket (trap 6)', async (t) => {
  const { client, engine } = await bench(t, { answer: replyWith(GRANTED) });
  const slow = await client();
  slow.write(CONNECT);
  await until(() => engine.calls.includes('hold 1'));
  const pending = 8 * 1024 * 1024;
  slow.inner.write(Buffer.alloc(pending, 'x'));
  assert.ok(slow.inner.writableLength > 0);
  let left = -1;
  engine.openTunnel = () => (left = slow.inner.writableLength);
  engine.emit({ type: 'held', connection: 1, passedBytes: slow.sentBytes });
  await until(() => left >= 0);
  assert.equal(left, 0);
});

for (const [what, reply, expected] of [
  [
    'a dead cookie gets 401, which ends the reconnect loop',
    { kind: 'refused', status: 401, reason: 'expired' },
    'HTTP/1.1 401 Cookie is not acceptable\r\nX-Frame-Options: deny\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  ],
  [
    'a full server gets 503 with the reason',
    { kind: 'refused', status: 503, reason: 'Too many users' },
    'HTTP/1.1 503 Service Unavailable\r\nX-Frame-Options: deny\r\nX-Reason: Too many users\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  ],
] as const)
  test(`${what} [oc 5.2]`, async (t) => {
    const { client, engine } = await bench(t, { answer: replyWith(reply) });
    const refused = await client();
    assert.equal(await refused.ask(CONNECT), expected);
    await until(() => refused.inner.destroyed);
    assert.ok(!engine.calls.includes('hold 1'));
  });

test('CONNECT without a cookie gets 401 and asks nobody', async (t) => {
  const { client, told } = await bench(t);
  const stranger = await client();
  assert.match(await stranger.ask(CONNECT.replace('webvpn=', 'other=')), /^HTTP\/1.1 401 Cookie/);
  assert.deepEqual(told, [{ kind: 'ready' }]);
});

test('CONNECT elsewhere gets 404: this is no proxy', async (t) => {
  const { client, told } = await bench(t);
  const proxying = await client();
  assert.match(
    await proxying.ask(CONNECT.replace('/CSCOSSLC/tunnel', 'example.com:25')),
    /^HTTP\/1.1 404 /,
  );
  assert.deepEqual(told, [{ kind: 'ready' }]);
});

test('a client that can use none of the addresses gets 503 and its grant is returned', async (t) => {
  const inside6 = { address: { family: 6, value: 1n }, prefix: 128 } as const;
  const only6: OpenTunnelReply = { kind: 'granted', grant: { ...GRANT, inside4: null, inside6 } };
  const { client, told } = await bench(t, { answer: replyWith(only6) });
  const ipv4 = await client();
  assert.match(
    await ipv4.ask(CONNECT.replace('IPv6,', '')),
    /^HTTP\/1.1 503 .*\r\nX-Frame-Options: deny\r\nX-Reason: No address/,
  );
  assert.deepEqual(told.at(-1), LOST);
});

test('a connection lost while the primary decides gives its grant back', async (t) => {
  const { client, engine, told, worker } = await bench(t);
  const leaving = await client();
  leaving.write(CONNECT);
  await until(() => told.length === 2);
  engine.emit({ type: 'connection-closed', connection: 1 });
  worker.handleMessage({ kind: 'open-tunnel-reply', id: 1, reply: GRANTED });
  await until(() => told.length === 3);
  assert.deepEqual(told[2], LOST);
  assert.ok(!engine.calls.includes('hold 1'));
});

test('a connection lost while the engine holds it gives its grant back, once', async (t) => {
  const { client, engine, told } = await bench(t, { answer: replyWith(GRANTED) });
  const leaving = await client();
  leaving.write(CONNECT);
  await until(() => engine.calls.includes('hold 1'));
  engine.emit({ type: 'connection-closed', connection: 1 });
  engine.emit({ type: 'held', connection: 1, passedBytes: leaving.sentBytes });
  await until(() => leaving.inner.destroyed);
  assert.deepEqual(told.slice(2), [LOST]);
  assert.deepEqual(engine.opened, []);
});

test('a connection lost before the last early byte gives its grant back', async (t) => {
  const { client, engine, told } = await bench(t, { answer: replyWith(GRANTED) });
  const leaving = await client();
  leaving.write(CONNECT);
  await until(() => engine.calls.includes('hold 1'));
  engine.emit({ type: 'held', connection: 1, passedBytes: leaving.sentBytes + 10 });
  leaving.close();
  await until(() => told.length === 3);
  assert.deepEqual(told[2], LOST);
});

test('a connection lost between openTunnel and "opened" is told once', async (t) => {
  const made = await bench(t, { answer: replyWith(GRANTED) });
  await open(made);
  made.engine.emit({ type: 'connection-closed', connection: 1 });
  made.engine.emit({ type: 'tunnel-closed', tunnel: 1, end: 'lost', counters: COUNTERS });
  assert.deepEqual(made.told.slice(2), [LOST]);
});

test('auth.timeout ends a CONNECT that hangs', async (t) => {
  const { client, told } = await bench(t, {
    answer: replyWith(GRANTED),
    settings: { authTimeoutMs: 100 },
  });
  (await client()).write(CONNECT);
  await until(() => told.length === 3);
  assert.deepEqual(told[2], LOST);
});

test('the primary can withdraw a grant before the tunnel is up', async (t) => {
  const { client, engine, told, worker } = await bench(t, { answer: replyWith(GRANTED) });
  const replaced = await client();
  replaced.write(CONNECT);
  await until(() => engine.calls.includes('hold 1'));
  worker.handleMessage({ kind: 'close-tunnel', tunnel: 1, end: 'replaced', tellClient: false });
  assert.deepEqual(told.at(-1), { ...LOST, end: 'replaced' });
  assert.ok(replaced.inner.destroyed);
});

test('a legacy client hands its master secret to the engine [oc 8.3]', async (t) => {
  const made = await bench(t, { answer: replyWith(GRANTED) });
  const headers = `X-DTLS-Master-Secret: ${'0f'.repeat(48)}\r\nX-DTLS12-CipherSuite: AES256-GCM-SHA384\r\n\r\n`;
  await open(made, CONNECT.replace(/X-DTLS-CipherSuite.*\r\n\r\n/, headers));
  assert.deepEqual(Buffer.from(openedBy(made.engine).masterSecret), Buffer.alloc(48, 0x0f));
  assert.match(openedBy(made.engine).answer, /\r\nX-DTLS12-CipherSuite: AES256-GCM-SHA384\r\n/);
});

test('without a UDP port the engine gets no app-id [oc 8.7]', async (t) => {
  const made = await bench(t, { answer: replyWith(GRANTED), settings: { udp: [] } });
  await open(made);
  assert.equal(openedBy(made.engine).appId.length, 0);
  assert.doesNotMatch(openedBy(made.engine).answer, /X-DTLS/);
});

const GRANTED: OpenTunnelReply = { kind: 'granted', grant: GRANT };
const LOST = {
  kind: 'tunnel-closed',
  session: 7,
  tunnel: 1,
  end: 'lost',
  counters: COUNTERS,
} as const;

const replyWith =
  (reply: OpenTunnelReply): Answer =>
  (message): PrimaryToWorker | undefined =>
    message.kind === 'open-tunnel'
      ? { kind: 'open-tunnel-reply', id: message.id, reply }
      : undefined;

const openedBy = (engine: FakeEngine): TunnelParams =>
  engine.opened[0] ?? assert.fail('no tunnel was opened');

/** Up to openTunnel; "opened" is left to the test. */
async function open({ client, engine }: Bench, request = CONNECT): Promise<Client> {
  const connecting = await client();
  connecting.write(request);
  await until(() => engine.calls.includes(`hold ${connecting.connection}`));
  engine.emit({
    type: 'held',
    connection: connecting.connection,
    passedBytes: connecting.sentBytes,
  });
  await until(() => engine.opened.length > 0);
  return connecting;
}
