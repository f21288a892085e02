// What time does to a tunnel. The engine looks at its clock once a second, so these take seconds;
// they run side by side.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DATA,
  DISCONNECT,
  DPD_REQUEST,
  DPD_RESPONSE,
  KEEPALIVE,
  SERVER4,
  inside4,
  ipv4Packet,
} from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';

const ICMP = 1;

void suite('time', { concurrency: true }, () => {
  test('a client silent for 2 dpd is asked, and after 3 dpd it is dead', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { dpdMs: 1000 });
    const start = performance.now();
    assert.deepEqual(await client.next(DPD_REQUEST), Buffer.alloc(0));
    const asked = performance.now() - start;
    assert.ok(asked > 1900 && asked < 5000, `asked after ${asked} ms`);
    assert.equal((await rig.tunnelEnd(client.tunnel)).end, 'dpd-timeout');
    const dead = performance.now() - start;
    assert.ok(dead > 2900 && dead < 8000, `dead after ${dead} ms`);
    await until('the connection to end', () => client.ended);
    assert.equal(client.frames.filter(({ type }) => type === DISCONNECT).length, 0);
  });

  test('a client that answers when it is asked lives on', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { dpdMs: 1000 });
    for (let i = 0; i < 2; i++) {
      await client.next(DPD_REQUEST);
      client.send(DPD_RESPONSE);
    }
    assert.equal((await client.echo()).toString(), 'echo');
    assert.deepEqual(rig.eventsOf('tunnel-closed'), []);
  });

  test('a tunnel that sends nothing says so once a keepalive time', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { keepaliveMs: 1500, dtls: true });
    using channel = await UdpChannel.connect(client);
    await channel.echo();
    assert.deepEqual(await client.next(KEEPALIVE), Buffer.alloc(0));
    const first = performance.now();
    await client.next(KEEPALIVE);
    assert.ok(performance.now() - first > 1400);
    assert.deepEqual(await channel.next(KEEPALIVE), Buffer.alloc(0));
  });

  test('a tunnel without data ends when its idle time is over; ICMP and DPD are no data', async () => {
    using rig = await EngineRig.start();
    using idle = await VpnClient.connect(rig, { inside4: inside4(2), idleTimeoutMs: 2500 });
    using busy = await VpnClient.connect(rig, { inside4: inside4(3), idleTimeoutMs: 2500 });
    const start = performance.now();
    const chatter = setInterval(() => {
      idle.send(DATA, ipv4Packet(inside4(2), SERVER4, { protocol: ICMP }));
      rig.writeTun(ipv4Packet(SERVER4, inside4(2), { protocol: ICMP }));
      idle.send(DPD_REQUEST);
      busy.send(DATA, ipv4Packet(inside4(3), SERVER4));
      rig.readTun();
    }, 200);
    assert.equal((await rig.tunnelEnd(idle.tunnel)).end, 'idle-timeout');
    const took = performance.now() - start;
    clearInterval(chatter);
    assert.ok(took > 2400 && took < 8000, `${took} ms`);
    await idle.next(DISCONNECT);
    assert.equal((await busy.echo()).toString(), 'echo');
    assert.equal((await rig.tunnelEnd(busy.tunnel)).end, 'idle-timeout');
  });

  test('data goes by TLS once UDP has fallen silent, and by UDP when it is back', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, {
      inside4: inside4(2),
      dtls: true,
      switchToTcpMs: 2000,
    });
    using channel = await UdpChannel.connect(client);
    await channel.echo();
    const packet = ipv4Packet(SERVER4, inside4(2));
    rig.writeTun(packet);
    assert.deepEqual(await channel.next(DATA), packet);
    channel.deaf = true;
    const sending = setInterval(() => rig.writeTun(packet), 50);
    assert.deepEqual(await client.next(DATA), packet);
    assert.equal(rig.engine.readTunnel(client.tunnel)?.channel, 'tls');
    channel.deaf = false;
    channel.send(KEEPALIVE);
    assert.deepEqual(await channel.next(DATA), packet);
    clearInterval(sending);
    assert.equal(rig.engine.readTunnel(client.tunnel)?.channel, 'dtls');
  });

  test('a one-way stream is no silence: the client is asked and answers', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, {
      inside4: inside4(2),
      dtls: true,
      switchToTcpMs: 2000,
    });
    using channel = await UdpChannel.connect(client);
    await channel.echo();
    const packet = ipv4Packet(SERVER4, inside4(2));
    const sending = setInterval(() => {
      rig.writeTun(packet);
      const asked = channel.received.findIndex((text) => text[0] === DPD_REQUEST);
      if (asked < 0) return;
      channel.received.splice(asked, 1);
      channel.send(DPD_RESPONSE);
    }, 50);
    await sleep(5000);
    clearInterval(sending);
    assert.equal(rig.engine.readTunnel(client.tunnel)?.channel, 'dtls');
    assert.deepEqual(client.frames, []);
  });

  test('a DTLS channel silent for 3 dpd is given up, the tunnel lives on by TLS', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { inside4: inside4(2), dtls: true, dpdMs: 1000 });
    using channel = await UdpChannel.connect(client);
    await channel.echo();
    channel.deaf = true;
    const answering = setInterval(() => client.send(DPD_RESPONSE), 300);
    await until('the switch', () => rig.engine.readTunnel(client.tunnel)?.channel === 'tls');
    const packet = ipv4Packet(SERVER4, inside4(2));
    rig.writeTun(packet);
    assert.deepEqual(await client.next(DATA), packet);
    clearInterval(answering);
  });
});
