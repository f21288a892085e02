// A real DTLS channel beside the TLS one.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DATA,
  SERVER4,
  SERVER6,
  inside4,
  inside6,
  ipv4Packet,
  ipv6Packet,
} from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { tcpPacket, virtioHeader } from './harness/super_packet.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';

const WISHES = { inside4: inside4(2), inside6: inside6(2), dtls: true };

for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`the secret of a ${tlsVersion} connection brings DTLS up with every suite`, async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, WISHES, { tlsVersion });
    const suites = ['PSK-AES256-GCM-SHA384', 'PSK-CHACHA20-POLY1305', 'PSK-AES128-GCM-SHA256'];
    for (const [index, ciphers] of suites.entries()) {
      using channel = await UdpChannel.connect(client, { ciphers });
      assert.equal((await channel.echo()).toString(), 'echo');
      const opened = await until('dtls-opened', () => rig.eventsOf('dtls-opened')[index]);
      assert.deepEqual(opened, { type: 'dtls-opened', tunnel: client.tunnel, cipher: ciphers });
      const status = rig.engine.readTunnel(client.tunnel);
      assert.deepEqual([status?.channel, status?.dtlsCipher], ['dtls', ciphers]);
    }
  });
}

for (const [cipher, dtlsSuite] of [
  ['AES256-GCM-SHA384', 0x009d],
  ['AES128-GCM-SHA256', 0x009c],
  ['ECDHE-RSA-AES256-GCM-SHA384', 0xc030],
  ['ECDHE-RSA-AES128-GCM-SHA256', 0xc02f],
  ['PSK-CHACHA20-POLY1305', 0xccab],
] as const)
  test(`Cisco's resumption brings DTLS up with the secret of the header: ${cipher}`, async () => {
    using rig = await EngineRig.start();
    const secret = randomBytes(48);
    const wishes = { ...WISHES, masterSecret: [...secret], dtlsSuite };
    using client = await VpnClient.connect(rig, wishes);
    using channel = await UdpChannel.connect(client, { secret, ciphers: cipher });
    assert.equal((await channel.echo()).toString(), 'echo');
    assert.equal(rig.eventsOf('dtls-opened')[0]?.cipher, cipher);
  });

test('packets of both families go by DTLS once the client has used it', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = new UdpChannel(client);
  await until('DTLS to come up', () => channel.dtls.state() === 'up');
  // Its Finished is on its way, but no record yet: the client might not have the keys.
  const first = ipv4Packet(SERVER4, inside4(2), { text: 'first' });
  rig.writeTun(first);
  assert.deepEqual(await client.next(DATA), first);
  const out4 = ipv4Packet(inside4(2), SERVER4);
  const out6 = ipv6Packet(inside6(2), SERVER6);
  channel.send(DATA, out4);
  channel.send(DATA, out6);
  assert.deepEqual(await rig.packetsInside(2), [out4, out6]);
  const in4 = ipv4Packet(SERVER4, inside4(2), { size: 1400 });
  const in6 = ipv6Packet(SERVER6, inside6(2), { size: 1400 });
  rig.writeTun(in4);
  rig.writeTun(in6);
  assert.deepEqual(await channel.next(DATA), in4);
  assert.deepEqual(await channel.next(DATA), in6);
  assert.deepEqual(client.frames, []);
});

test('a kernel that refuses UDP_SEGMENT costs one warning and no packet', async () => {
  // A super-packet is a train whatever the engine is doing when it comes.
  using rig = await EngineRig.start({ udpGsoRefused: true, tunOffload: 'tcp-and-udp' });
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  const payload = Buffer.alloc(20_000, 'bytes of a stream ');
  const segment = 1348;
  for (const sequence of [1000, 21_000]) {
    const whole = tcpPacket(SERVER4, inside4(2), sequence, payload);
    rig.writeTun(Buffer.concat([virtioHeader(segment), whole]));
    const parts: Buffer[] = [];
    for (let sent = 0; sent < payload.length; sent += segment) {
      parts.push((await channel.next(DATA)).subarray(40));
    }
    assert.deepEqual(Buffer.concat(parts), payload);
    await until('the warning', () => rig.eventsOf('warning')[0]);
  }
  assert.deepEqual(
    rig.eventsOf('warning').map(({ message }) => message),
    ['the kernel refuses UDP_SEGMENT: datagrams now leave one by one (engine.udp_gso)'],
  );
});

test('a kernel that refuses UDP_GRO costs one warning and no tunnel', async () => {
  using rig = await EngineRig.start({ udpGroRefused: true });
  using client = await VpnClient.connect(rig, WISHES);
  const packet = ipv4Packet(SERVER4, inside4(2));
  rig.writeTun(packet);
  assert.deepEqual(await client.next(DATA), packet);
  assert.deepEqual(
    rig.eventsOf('warning').map(({ message }) => message),
    ['the kernel refuses UDP_GRO: datagrams come one by one (engine.udp_gro)'],
  );
});

test("the client's search for its MTU gets every probe back in full [oc 8.6]", async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  for (const size of [1434, 1435, 700, 576, 4, 0]) {
    const probe = randomBytes(size);
    assert.deepEqual(await channel.echo(probe), probe);
  }
});

test('a burst arrives whole and in order, each way', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  const sizes = Array.from({ length: 50 }, (_, i) => (i % 20 === 19 ? 200 : 1200));
  for (const [i, size] of sizes.entries()) {
    rig.writeTun(ipv4Packet(SERVER4, inside4(2), { size, text: `down ${i}.` }));
    channel.send(DATA, ipv4Packet(inside4(2), SERVER4, { size, text: `up ${i}.` }));
  }
  for (const [i, size] of sizes.entries()) {
    const down = await channel.next(DATA);
    assert.deepEqual(down, ipv4Packet(SERVER4, inside4(2), { size, text: `down ${i}.` }));
  }
  const up = await rig.packetsInside(sizes.length);
  for (const [i, size] of sizes.entries()) {
    assert.deepEqual(up[i], ipv4Packet(inside4(2), SERVER4, { size, text: `up ${i}.` }));
  }
});

test('data by TLS means that the client has lost UDP; a record means that it is back', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  client.send(DATA, ipv4Packet(inside4(2), SERVER4));
  await rig.packetsInside(1);
  const packet = ipv4Packet(SERVER4, inside4(2));
  rig.writeTun(packet);
  assert.deepEqual(await client.next(DATA), packet);
  await channel.echo();
  rig.writeTun(packet);
  assert.deepEqual(await channel.next(DATA), packet);
});

test('a client whose NAT gives it another port is answered there', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  for (let i = 0; i < 3; i++) {
    assert.equal((await channel.echo()).toString(), 'echo');
    channel.move();
  }
  assert.equal(rig.eventsOf('dtls-opened').length, 1);
});

test('close_notify ends the channel and not the tunnel; a new one may come', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  channel.hangUp();
  const closed = await until('dtls-closed', () => rig.eventsOf('dtls-closed')[0]);
  assert.equal(closed.tunnel, client.tunnel);
  const packet = ipv4Packet(SERVER4, inside4(2));
  rig.writeTun(packet);
  assert.deepEqual(await client.next(DATA), packet);
  using again = await UdpChannel.connect(client);
  assert.equal((await again.echo()).toString(), 'echo');
});

test('a tunnel without DTLS, or one that is over, does not answer a hello', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, { inside4: inside4(2) });
  client.appId = randomBytes(32);
  client.appId[0] = 0;
  using channel = new UdpChannel(client);
  using other = await VpnClient.connect(rig, { ...WISHES, inside4: inside4(3) });
  rig.engine.closeTunnel(other.tunnel, 'admin', false);
  await rig.tunnelEnd(other.tunnel);
  using late = new UdpChannel(other, { secret: Buffer.alloc(32) });
  await sleep(300);
  assert.deepEqual([channel.dtls.state(), late.dtls.state()], ['handshake', 'handshake']);
  assert.deepEqual(rig.eventsOf('dtls-opened'), []);
});

test('noise on the UDP port disturbs nobody', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, WISHES);
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  const stranger = dgram.createSocket('udp4');
  for (let i = 0; i < 500; i++) {
    const noise = randomBytes(i % 200);
    if (i % 2 === 0 && noise.length > 12) {
      // What looks like a record, or like the start of a handshake.
      noise.set([i % 4 === 0 ? 23 : 22, 0xfe, 0xfd, 0, i % 3], 0);
      noise.writeUInt16BE(Math.max(0, noise.length - 13), 11);
    }
    stranger.send(noise, rig.port, '127.0.0.1');
    channel.sendRaw(noise);
    if (i % 50 === 0) await sleep(1);
  }
  assert.equal((await channel.echo()).toString(), 'echo');
  stranger.close();
  assert.equal(rig.eventsOf('dtls-closed').length, 0);
  assert.ok(rig.engine.totals().droppedPackets > 0);
});
