// A connection before its tunnel: TLS, limits on strangers, the plaintext stream.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTls, pairOf } from './harness/certificate.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';

test('an engine that has not started accepts nobody, and can be closed', async () => {
  using rig = await EngineRig.create();
  const early = net.connect(rig.port, '127.0.0.1');
  await once(early, 'connect'); // by the kernel
  await sleep(100);
  assert.equal(rig.engine.totals().connections, 0);
  rig.engine.close();
  early.destroy();
});

for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`JavaScript learns who speaks and how, by ${tlsVersion}`, async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.dial(rig, { tlsVersion });
    const info = await until('the connection', () => rig.eventsOf('connection')[0]);
    assert.equal(info.peerAddress, '127.0.0.1');
    assert.equal(info.peerPort, client.socket.localPort);
    assert.equal(info.localAddress, '127.0.0.1');
    assert.equal(info.localPort, rig.port);
    assert.equal(info.tlsVersion, tlsVersion);
    assert.equal(info.tlsCipher, client.socket.getCipher().name);
    assert.equal(info.serverName, 'localhost');
    assert.ok(info.pathMtu > 1000);
    assert.equal(rig.engine.totals().handshakes, 1);
  });
}

test('a megabyte passes the plaintext stream each way unchanged', async () => {
  using rig = await EngineRig.start({ onConnection: (socket) => void socket.pipe(socket) });
  using client = await VpnClient.dial(rig);
  const sent = Buffer.alloc(1 << 20, 'the same bytes come back ');
  let received = 0;
  const chunks: Buffer[] = [];
  client.socket.removeAllListeners('data');
  client.socket.on('data', (data: Buffer) => {
    chunks.push(data);
    received += data.length;
  });
  client.socket.write(sent);
  await until('all of it to come back', () => received === sent.length);
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test('a peer that says nothing is closed when its time for the handshake is over', async () => {
  using rig = await EngineRig.start({ handshakeTimeoutMs: 400 });
  const silent = net.connect(rig.port, '127.0.0.1');
  const start = performance.now();
  silent.resume();
  await once(silent, 'close');
  const took = performance.now() - start;
  assert.ok(took >= 380 && took < 5000, `${took} ms`);
  assert.deepEqual(rig.events, []);
});

test('plain text on the TLS port is closed and counted', async () => {
  using rig = await EngineRig.start();
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\0'.repeat(100), '\x16\x03\x01\xff\xff']) {
    const stranger = net.connect(rig.port, '127.0.0.1');
    stranger.end(garbage, 'latin1');
    stranger.on('error', () => undefined).resume();
    await once(stranger, 'close');
  }
  await until('the count', () => rig.engine.totals().handshakesFailed >= 2);
  await until('the connections to be gone', () => rig.engine.totals().connections === 0);
  assert.deepEqual(rig.events, []);
  using client = await VpnClient.dial(rig);
  assert.ok(client.socket.encrypted);
});

test('a source that has its handshakes in flight gets no more of them, until one is over', async () => {
  using rig = await EngineRig.start({ handshakesPerSource: 3 });
  const inFlight = await Promise.all([0, 1, 2].map(() => dialRaw(rig.port)));
  await until('three handshakes', () => rig.engine.totals().connections === 3);
  const refused = await dialRaw(rig.port);
  refused.resume();
  await once(refused, 'close');
  assert.equal(rig.engine.totals().handshakesRefused, 1);
  // Another address of the loopback is another source.
  const other = await VpnClient.dial(rig, { localAddress: '127.0.0.2' });
  other.close();
  inFlight[0]?.destroy();
  await until('a place', () => rig.engine.totals().connections <= 2);
  using client = await VpnClient.dial(rig);
  assert.ok(client.socket.encrypted);
  for (const socket of inFlight) socket.destroy();
});

test('a source cannot keep more connections without a tunnel than its share', async () => {
  using rig = await EngineRig.start({ pendingPerSource: 2 });
  using first = await VpnClient.dial(rig);
  using second = await VpnClient.dial(rig);
  assert.deepEqual([first.ended, second.ended], [false, false]);
  await assert.rejects(VpnClient.dial(rig));
  const other = await VpnClient.dial(rig, { localAddress: '127.0.0.2' });
  other.close();
  first.close();
  await until('a place', () => rig.engine.totals().connections <= 1);
  using third = await VpnClient.dial(rig);
  assert.ok(third.socket.encrypted);
  // A tunnel is nobody's share.
  await third.openTunnel({});
  using fourth = await VpnClient.dial(rig);
  assert.ok(fourth.socket.encrypted);
});

test('connections without a tunnel are bounded altogether', async () => {
  using rig = await EngineRig.start({ maxPendingConnections: 4 });
  const clients = await Promise.all([1, 2, 3, 4].map(() => VpnClient.dial(rig)));
  await assert.rejects(VpnClient.dial(rig));
  clients[0]?.close();
  await until('a place', () => rig.engine.totals().connections < 4);
  clients.push(await VpnClient.dial(rig));
  for (const client of clients) client.close();
});

test('a new certificate is for new connections; one that makes no sense changes nothing', async () => {
  using rig = await EngineRig.start();
  const subject = async (): Promise<unknown> => {
    using client = await VpnClient.dial(rig);
    return client.socket.getPeerCertificate().subjectaltname;
  };
  assert.equal(await subject(), 'DNS:localhost');
  using up = await VpnClient.connect(rig);
  rig.engine.setTls([await makeTls('second.example')]);
  assert.equal(await subject(), 'DNS:second.example');
  const good = await makeTls('third.example');
  const other = await makeTls('fourth.example');
  const bad = [
    { ...good, certificates: [{ ...pairOf(good), chainPem: 'nonsense' }] },
    { ...good, certificates: [{ ...pairOf(good), privateKeyPem: pairOf(other).privateKeyPem }] },
    { ...good, ciphers: 'NO-SUCH-CIPHER' },
    { ...good, groups: 'no-such-group' },
  ];
  for (const host of bad) {
    assert.throws(() => rig.engine.checkTls([host]), /^Error: tls\.\w+: /);
    assert.throws(() => rig.engine.setTls([host]), /^Error: tls\.\w+: /);
  }
  rig.engine.checkTls([await makeTls('third.example')]);
  assert.equal(await subject(), 'DNS:second.example');
  assert.equal((await up.echo()).toString(), 'echo');
});

test('a client older than tls.min_version is refused', async () => {
  using rig = await EngineRig.start();
  rig.engine.setTls([{ ...(await makeTls('localhost')), minVersion: '1.3' }]);
  await assert.rejects(VpnClient.dial(rig, { tlsVersion: 'TLSv1.2' }), /protocol version/);
  using client = await VpnClient.dial(rig, { tlsVersion: 'TLSv1.3' });
  assert.ok(client.socket.encrypted);
});

test('an answer reaches a client that is still talking when JavaScript closes', async () => {
  const answer = `HTTP/1.1 413 Payload Too Large\r\n\r\n${'x'.repeat(100_000)}`;
  using rig = await EngineRig.start({
    onConnection: (socket) => socket.once('data', () => socket.end(answer, () => socket.destroy())),
  });
  using client = await VpnClient.dial(rig);
  client.socket.removeAllListeners('data');
  const received = text(client.socket);
  client.socket.write(Buffer.alloc(1 << 20));
  assert.equal(await received, answer);
});

test('the end of a client is the end of its stream, and then of its connection', async () => {
  let ended = false;
  using rig = await EngineRig.start({
    onConnection: (socket) => socket.on('end', () => ((ended = true), socket.end())).resume(),
  });
  using client = await VpnClient.dial(rig);
  client.socket.end();
  const { connection } = await until(
    'connection-closed',
    () => rig.eventsOf('connection-closed')[0],
  );
  assert.equal(connection, rig.eventsOf('connection')[0]?.connection);
  assert.ok(ended);
  assert.equal(rig.engine.totals().connections, 0);
});

test('what JavaScript does not read stays with the client', async () => {
  using rig = await EngineRig.start({ onConnection: (socket) => void socket.pause() });
  using client = await VpnClient.dial(rig);
  await until('the connection', () => rig.eventsOf('connection')[0]);
  const chunk = Buffer.alloc(256 << 10);
  let written = 0;
  for (let i = 0; i < 256; i++) {
    client.socket.write(chunk, () => (written += chunk.length));
  }
  await until(
    'the writing to stand still',
    stoodStill(() => written),
  );
  assert.ok(written < 24 << 20, `${written} bytes were taken`);
});

/** True once the value has not changed for a while. */
function stoodStill(value: () => number): () => boolean {
  let last = -1;
  let since = performance.now();
  return () => {
    if (value() !== last) {
      last = value();
      since = performance.now();
    }
    return performance.now() - since > 400;
  };
}

async function dialRaw(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
