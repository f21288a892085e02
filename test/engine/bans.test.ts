// Sources that are shut out, and connections that count against their source.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closed } from './harness/closed.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';

test('a banned source is closed at accept until the ban is lifted; its tunnel stays', async () => {
  using rig = await EngineRig.start();
  using up = await VpnClient.connect(rig);
  rig.engine.setBans(['127.0.0.1', '2001:db8::/64'], []);
  await assert.rejects(VpnClient.dial(rig));
  assert.equal(rig.engine.totals().handshakesRefused, 1);
  assert.equal((await up.echo()).toString(), 'echo');
  using other = await VpnClient.dial(rig, { localAddress: '127.0.0.2' });
  assert.ok(other.socket.encrypted);
  rig.engine.setBans([], ['127.0.0.1']);
  using again = await VpnClient.dial(rig);
  assert.ok(again.socket.encrypted);
});

test('fifty thousand bans shut out whom they name and nobody else', async () => {
  using rig = await EngineRig.start();
  const many = Array.from(
    { length: 50_000 },
    (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
  );
  rig.engine.setBans([...many, '127.0.0.3'], []);
  await assert.rejects(VpnClient.dial(rig, { localAddress: '127.0.0.3' }));
  using client = await VpnClient.dial(rig);
  assert.ok(client.socket.encrypted);
});

test('what is no source is no ban', async () => {
  using rig = await EngineRig.start();
  for (const bad of ['', 'x', '10.0.0.0/8', '2001:db8::/48']) {
    assert.throws(() => rig.engine.setBans([bad], []), /add must be/);
  }
});

test('who sends something and does not come through the handshake is counted', async () => {
  using rig = await EngineRig.start({ handshakeTimeoutMs: 600 });
  const dial = async (localAddress: string, bytes: string): Promise<net.Socket> => {
    const socket = net.connect({ port: rig.port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    socket.write(bytes, 'latin1');
    return socket;
  };
  // No TLS; a hello that never ends; one that is broken off.
  for (let i = 0; i < 20; i++) await dial('127.0.0.2', 'GET / HTTP/1.1\r\n\r\n');
  await dial('127.0.0.3', '\x16\x03\x01\x02\x00\x01');
  const broken = await dial('127.0.0.4', '\x16\x03\x01\x02\x00\x01');
  broken.end();
  // A port scan and a load balancer's look: nothing was sent.
  const scan = net.connect({ port: rig.port, host: '127.0.0.1', localAddress: '127.0.0.5' });
  scan.on('error', () => undefined);
  await once(scan, 'connect');
  scan.end();
  const silent = net.connect({ port: rig.port, host: '127.0.0.1', localAddress: '127.0.0.6' });
  silent.on('error', () => undefined).resume();
  // And one that does all well.
  using good = await VpnClient.dial(rig);
  await closed(silent);
  const sums = (): ReadonlyMap<string, number> => {
    const counted = new Map<string, number>();
    for (const [source, count] of rig.eventsOf('failed-connects').flatMap(({ counts }) => counts)) {
      counted.set(source, (counted.get(source) ?? 0) + count);
    }
    return counted;
  };
  await until('three sources', () => sums().size === 3);
  await sleep(1200);
  const counted = [...sums()].sort();
  assert.deepEqual(counted, [
    ['127.0.0.2', 20],
    ['127.0.0.3', 1],
    ['127.0.0.4', 1],
  ]);
  assert.ok(good.socket.encrypted);
});

test('failures are told at most once a second, however many there are', async () => {
  using rig = await EngineRig.start();
  const until = performance.now() + 2500;
  let made = 0;
  while (performance.now() < until) {
    const socket = net.connect(rig.port, '127.0.0.1').on('error', () => undefined);
    socket.resume().write('nonsense');
    await closed(socket);
    made++;
  }
  await sleep(1700);
  const events = rig.eventsOf('failed-connects');
  assert.ok(events.length >= 2 && events.length <= 5, `${events.length} events`);
  const total = events.flatMap(({ counts }) => counts).reduce((sum, [, count]) => sum + count, 0);
  assert.equal(total, made);
});
