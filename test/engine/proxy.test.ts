// The PROXY header ahead of TLS, from a proxy that is trusted and from who is not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import type { ProxySettings } from '../../core/ipc/messages.ts';
import type { ConnectionInfo } from '../../native/engine.ts';
import { closed } from './harness/closed.ts';
import { EngineRig, type RigOptions } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';

const TRUSTED: ProxySettings = { mode: 'any', trusted: ['127.0.0.1/32'] };
const V1 = Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 54321 443\r\n');
const V2_IPV6 = v2(
  0x21,
  0x21,
  '20010db8000000000000000000000007' + '20010db8000000000000000000000001' + 'd43101bb',
);
const V2_LOCAL = v2(0x20, 0x00, '');

test('who has come is whom the header names, by both versions and families', async () => {
  using rig = await start();
  const v1 = await connect(rig, V1);
  assert.deepEqual(endsOf(v1), ['203.0.113.7', 54321, '192.0.2.1', 443]);
  const v2 = await connect(rig, V2_IPV6);
  assert.deepEqual(endsOf(v2), ['2001:db8::7', 54321, '2001:db8::1', 443]);
  // The path that the kernel knows ends at the proxy.
  assert.equal(v2.pathMtu, 0);
});

test('a proxy that looks after itself keeps its own address', async () => {
  using rig = await start();
  for (const header of [V2_LOCAL, Buffer.from('PROXY UNKNOWN\r\n')]) {
    const info = await connect(rig, header);
    assert.equal(info.peerAddress, '127.0.0.1');
    assert.deepEqual([info.localAddress, info.localPort], ['127.0.0.1', rig.port]);
  }
});

test('the header may come byte by byte, and in one segment with what follows', async () => {
  using rig = await start();
  const slow = await connect(rig, v2(0x21, 0x11, `cb007107c0000201d43101bb${'04'.repeat(500)}`), {
    pieces: 1,
  });
  assert.equal(slow.peerAddress, '203.0.113.7');
  const whole = await connect(rig, V1, { withHello: true });
  assert.equal(whole.peerAddress, '203.0.113.7');
});

test('without a header, or with one that is none, nothing is answered', async () => {
  using rig = await start({ handshakeTimeoutMs: 400 });
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00', 'PROXY TCP4 x\r\n']) {
    const socket = net.connect(rig.port, '127.0.0.1').on('error', () => undefined);
    socket.resume().write(bytes, 'latin1');
    await closed(socket);
  }
  // A header that does not end is as late as a handshake that does not.
  const silent = net.connect(rig.port, '127.0.0.1').resume();
  silent.write('PROXY TCP4 ');
  const begun = performance.now();
  await closed(silent);
  const took = performance.now() - begun;
  assert.ok(took >= 380 && took < 3000, `${took} ms`);
  assert.deepEqual(rig.events, []);
});

test('the time for the handshake counts from the accept, not from the header', async () => {
  using rig = await start({ handshakeTimeoutMs: 800 });
  const socket = net.connect(rig.port, '127.0.0.1').resume();
  const begun = performance.now();
  setTimeout(() => socket.write(V1), 600);
  await closed(socket);
  const took = performance.now() - begun;
  assert.ok(took >= 780 && took < 1390, `${took} ms`);
});

test('who is not trusted is closed at once, whatever it says', async () => {
  using rig = await start();
  const stranger = net.connect({ port: rig.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  stranger.on('error', () => undefined).resume();
  stranger.write(V1);
  await closed(stranger);
  assert.deepEqual(rig.events, []);
  assert.equal(rig.engine.totals().handshakesRefused, 1);
});

test('only the version that is configured is taken', async () => {
  using rig = await start({ proxy: { ...TRUSTED, mode: 'v2' } });
  assert.equal((await connect(rig, V2_IPV6)).peerAddress, '2001:db8::7');
  await assert.rejects(connect(rig, V1));
});

test('limits count the client that is named, and not the proxy', async () => {
  using rig = await start({ pendingPerSource: 2, handshakesPerSource: 2 });
  const open: tls.TLSSocket[] = [];
  const from = (last: number): Buffer =>
    Buffer.from(`PROXY TCP4 203.0.113.${last} 192.0.2.1 54321 443\r\n`);
  for (const last of [1, 1, 2, 2, 3]) open.push(await dial(rig, from(last)));
  await assert.rejects(dial(rig, from(1)));
  open.push(await dial(rig, from(3)));
  // Connections that have not said yet for whom they come are nobody's.
  const waiting = Array.from({ length: 10 }, () => net.connect(rig.port, '127.0.0.1'));
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  open.push(await dial(rig, from(4)));
  for (const socket of [...open, ...waiting]) socket.destroy();
});

test('banned is whom the header names, and never the proxy that looks after us', async () => {
  using rig = await start();
  rig.engine.setBans(['203.0.113.7', '127.0.0.1'], []);
  await assert.rejects(connect(rig, V1));
  assert.equal((await connect(rig, V2_LOCAL)).peerAddress, '127.0.0.1');
  assert.equal((await connect(rig, V2_IPV6)).peerAddress, '2001:db8::7');
});

test('too often comes whom the header names: an IPv6 network, and not the proxy', async () => {
  using rig = await start();
  rig.engine.setAcceptRate(1, 1_000_000);
  const from = (address: string): Buffer =>
    Buffer.from(`PROXY TCP6 ${address} 2001:db8::1 54321 443\r\n`);
  const first = await dial(rig, from('2001:db8:0:1::1'));
  await assert.rejects(dial(rig, from('2001:db8:0:1:ffff::2')));
  const other = await dial(rig, from('2001:db8:0:2::1'));
  for (let i = 0; i < 3; i++) await connect(rig, V2_LOCAL);
  first.destroy();
  other.destroy();
});

const start = (options: RigOptions = {}): Promise<EngineRig> =>
  EngineRig.start({ proxy: TRUSTED, ...options });

interface DialOptions {
  /** The header is written in pieces of so many bytes. */
  readonly pieces?: number;
  /** The header and the first TLS record leave in one write. */
  readonly withHello?: boolean;
}

/** A connection of TLS behind that header. */
async function dial(
  rig: EngineRig,
  header: Buffer,
  { pieces = header.length, withHello = false }: DialOptions = {},
): Promise<tls.TLSSocket> {
  const tcp = net.connect({ port: rig.port, host: '127.0.0.1', noDelay: true });
  tcp.on('error', () => undefined);
  await once(tcp, 'connect');
  if (withHello) tcp.cork();
  for (let at = 0; at < header.length; at += pieces) {
    tcp.write(header.subarray(at, at + pieces));
    if (pieces < header.length) await new Promise((resolve) => setImmediate(resolve));
  }
  const socket = tls.connect({ socket: tcp, servername: 'localhost', rejectUnauthorized: false });
  if (withHello) setImmediate(() => tcp.uncork());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
  socket.on('error', () => undefined);
  return socket;
}

async function connect(
  rig: EngineRig,
  header: Buffer,
  options?: DialOptions,
): Promise<ConnectionInfo> {
  const before = rig.eventsOf('connection').length;
  const socket = await dial(rig, header, options);
  const info = await until('the connection', () => rig.eventsOf('connection')[before]);
  socket.destroy();
  return info;
}

const endsOf = (info: ConnectionInfo): unknown[] => [
  info.peerAddress,
  info.peerPort,
  info.localAddress,
  info.localPort,
];

function v2(command: number, family: number, hex: string): Buffer {
  const rest = Buffer.from(hex, 'hex');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(rest.length);
  const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
  return Buffer.concat([signature, Buffer.of(command, family), length, rest]);
}
