// Clients that do not read, and engines that close with everything under way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATA, SERVER4, inside4, ipv4Packet } from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { until } from './harness/until.ts';
import { VpnClient, connectRequest } from './harness/vpn_client.ts';

test('a client that stops reading loses packets, and delays nobody', async () => {
  using rig = await EngineRig.start();
  using slow = await VpnClient.connect(rig, { inside4: inside4(2) });
  using quick = await VpnClient.connect(rig, { inside4: inside4(3) });
  slow.socket.pause();
  const dropped = (): number => rig.engine.readTunnel(slow.tunnel)?.droppedPackets ?? 0;
  const packet = ipv4Packet(SERVER4, inside4(2), { size: 1400 });
  // Whatever the kernel's buffers hold, at last only the engine's bounded queue is left.
  await until('packets to be dropped', () => {
    for (let i = 0; i < 500; i++) rig.writeTun(packet);
    return dropped() > 2000;
  });
  const delays: number[] = [];
  for (let i = 0; i < 20; i++) {
    for (let n = 0; n < 100; n++) rig.writeTun(packet);
    const start = performance.now();
    rig.writeTun(ipv4Packet(SERVER4, inside4(3), { text: `quick ${i}` }));
    await quick.next(DATA);
    delays.push(performance.now() - start);
  }
  delays.sort((a, b) => a - b);
  assert.ok((delays[10] ?? Infinity) < 200, `${delays.join(' ')} ms`);
  // It reads again: what was queued comes, the stream is whole, and new packets come too.
  slow.socket.resume();
  assert.equal((await slow.echo()).toString(), 'echo');
  rig.writeTun(ipv4Packet(SERVER4, inside4(2), { text: 'after' }));
  await until('the new packet', () =>
    slow.frames.some(({ payload }) => payload.subarray(-5).toString() === 'after'),
  );
  const { txPackets } = rig.engine.readTunnel(slow.tunnel) ?? assert.fail();
  assert.equal(slow.frames.filter(({ type }) => type === DATA).length, txPackets);
});

test('an engine closes with handshakes, answers, tunnels, DTLS and data under way', async () => {
  for (let round = 0; round < 6; round++) {
    const rig = await EngineRig.start();
    const clients = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        VpnClient.connect(rig, { inside4: inside4(2 + i), dtls: i % 2 === 0 }),
      ),
    );
    const channels = clients.filter((_, i) => i % 2 === 0).map((client) => new UdpChannel(client));
    const dialling = Array.from({ length: 8 }, () => VpnClient.dial(rig).catch(() => undefined));
    const connecting = Array.from({ length: 4 }, (_, i) =>
      VpnClient.dial(rig)
        .then((client) => {
          clients.push(client);
          client.socket.write(connectRequest({ inside4: inside4(50 + i) }));
        })
        .catch(() => undefined),
    );
    const traffic = setInterval(() => {
      for (let i = 0; i < 20; i++) {
        const last = 2 + (i % 8);
        rig.writeTun(ipv4Packet(SERVER4, inside4(last), { size: 1400 }));
        clients[i % 8]?.send(DATA, ipv4Packet(inside4(last), SERVER4, { size: 1400 }));
      }
    }, 1);
    await sleep(round * 12);
    for (const client of clients.slice(0, 4)) {
      rig.engine.closeTunnel(client.tunnel, 'shutdown', true);
    }
    clearInterval(traffic);
    rig.close();
    rig.close();
    for (const client of clients) client.close();
    for (const channel of channels) channel[Symbol.dispose]();
    for (const client of await Promise.all(dialling)) client?.close();
    await Promise.all(connecting);
    for (const client of clients) client.close();
  }
});

test('clients that are told to go as the engine closes hear it', async () => {
  const rig = await EngineRig.start();
  const clients = await Promise.all(Array.from({ length: 10 }, () => VpnClient.connect(rig)));
  for (const client of clients) rig.engine.closeTunnel(client.tunnel, 'shutdown', true);
  rig.close();
  for (const client of clients) {
    await client.next(5);
    client.close();
  }
});

test('a process whose engine was never closed ends, whatever was under way', async () => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'harness/unclosed.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.deepEqual({ code, signal }, { code: 7, signal: null });
});
